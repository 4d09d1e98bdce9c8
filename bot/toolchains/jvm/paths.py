"""Tell tests, configuration and product of Java and Kotlin apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from bot.toolchains.naming import find_sibling, pick_free
from bot.toolchains.units import walk_files

_SOURCES = (".java", ".kt")
# What Maven and Gradle build by, and what sets up the JUnit Platform.
_CONFIG = re.compile(
    r"(?:^|/)(?:pom\.xml|[^/]+\.gradle(?:\.kts)?|gradle\.properties|gradle\.lockfile|gradlew(?:\.bat)?|mvnw(?:\.cmd)?"
    r"|testng[^/]*\.xml|junit-platform\.properties)$"
    r"|(?:^|/)(?:gradle/(?:wrapper/|[^/]+\.(?:toml|xml)$)|buildSrc/|\.mvn/|META-INF/services/)"
)
# Surefire's own patterns: https://maven.apache.org/surefire/maven-surefire-plugin/examples/inclusion-exclusion.html
_NAMED = re.compile(r"(?:Test\w*|\w+(?:Test|Tests|TestCase))\.(?:java|kt)")
_TEST_FOLDER = re.compile(r"(?:^|/)src/(?:\w*[tT]est\w*|it)/")
# Packages of runners, of their libraries and of our listener: tests come before them on the class path.
FOREIGN = (
    "forgehand/", "java/", "javax/", "jakarta/", "kotlin/", "junit/", "org/junit/", "org/opentest4j/", "org/hamcrest/",
    "org/apache/maven/", "org/mockito/", "org/assertj/", "org/testng/", "org/gradle/",
)  # fmt: skip
# Where the packages of a set of sources begin.
_BELOW = re.compile(r"(?:^|.*/)src/\w+/(?:java|kotlin|resources)/(.+)")


def is_source(path: str) -> bool:
    """Return whether a path is written in Java or Kotlin."""
    return path.endswith(_SOURCES)


def is_test_config(path: str) -> bool:
    """Return whether a file decides what is built, or what runs beside tests."""
    return _CONFIG.search(path) is not None


def is_test_source(path: str) -> bool:
    """Return whether a path is a source file among the tests."""
    return is_source(path) and (_TEST_FOLDER.search(path) is not None or is_test_file(path))


def is_test_file(path: str) -> bool:
    """Return whether Maven runs a file of this name by itself."""
    return _NAMED.fullmatch(posixpath.basename(path)) is not None and "/src/main/" not in f"/{path}"


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    return _TEST_FOLDER.search(path) is not None or is_test_file(path) or is_test_config(path)


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``.

    It lies in the same package, and ends as the repository's tests do.
    """
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    folder = posixpath.join(root, "src/test/java") if beside is None else posixpath.dirname(beside)
    if is_source(near) and "/src/main/" in f"/{near}":
        folder = posixpath.dirname(f"/{near}".replace("/src/main/", "/src/test/", 1))[1:]
    ending = "Tests" if sum(_end(test) == "Tests" for test in tests) * 2 > len(tests) else "Test"
    suffix = ".kt" if near.endswith(".kt") else ".java"
    # a class is named like its file
    subject = _stem(near) if is_source(near) else "Regression"
    return pick_free(paths, posixpath.join(folder, f"*{ending}{suffix}"), subject, "{}Regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``; None where it may.

    Blocking: looks for files of the same class.
    """
    below = _BELOW.fullmatch(path)
    if below is None:
        return None
    if below[1].startswith(FOREIGN):
        return f"`{path}` would be loaded in place of a class of the libraries or of the runner."
    name = find_class(path)
    for place in walk_files(tree):
        if find_class(str(place)) == name and str(place) != path:
            return f"`{path}` would be loaded in place of `{place}`."
    return None


def find_class(path: str) -> str:
    """Return the place of a file on the class path, without a source's ending.

    It is "" for what lies in no set of sources.
    """
    below = _BELOW.fullmatch(path)
    return below[1].removesuffix(".java").removesuffix(".kt") if below is not None else ""


def _end(path: str) -> str:
    return "Tests" if posixpath.splitext(path)[0].endswith("Tests") else "Test"


def _stem(path: str) -> str:
    """Return what a file is about: ``Cart`` for ``CartTest.java``."""
    name = posixpath.splitext(posixpath.basename(path))[0]
    return re.sub(r"(?<=.)(?:Tests|TestCase|Test)$", "", name)
