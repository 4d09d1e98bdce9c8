"""Tell PHP's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free

# Read before a test runs; https://docs.phpunit.de/en/9.6/configuration.html
_CONFIG = ("composer.json", "phpunit.xml", "phpunit.*.xml", "phpunit.xml.dist", "auth.json", ".user.ini", "php.ini")
_FOLDERS = {"test", "tests", "Tests", "Test"}
_ASIDE = {"fixtures", "Fixtures", "_files", "_fixture", "data", "vendor"}


def is_source(path: str) -> bool:
    """Return whether a path is written in PHP."""
    return path.endswith((".php", ".phpt"))


def is_test_config(path: str) -> bool:
    """Return whether a file is loaded before the tests, or says how."""
    name = posixpath.basename(path)
    folders = PurePosixPath(path).parts[:-1]
    boots = name == "bootstrap.php" and bool(_FOLDERS & set(folders))
    return boots or "vendor" in folders or any(fnmatchcase(name, one) for one in _CONFIG)


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, not data or helpers, by its name."""
    return path.endswith("Test.php") and not _ASIDE & set(PurePosixPath(path).parts[:-1])


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    below = is_source(path) and bool(_FOLDERS & set(PurePosixPath(path).parts[:-1]))
    return is_test_config(path) or is_test_file(path) or below


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``."""
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    folder = posixpath.dirname(beside) if beside is not None else posixpath.join(root, "tests")
    subject = re.sub(r"\W", "", _stem(near))[:1].upper() + re.sub(r"\W", "", _stem(near))[1:]
    return pick_free(paths, posixpath.join(folder, "*Test.php"), subject or "Regression", "{}Regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``; None where it may."""
    return f"`{path}` lies in vendor, where dependencies are." if "vendor" in PurePosixPath(path).parts else None


def _stem(path: str) -> str:
    """Return what a file is about: ``Cart`` for ``CartTest.php``."""
    return posixpath.basename(path).removesuffix(".php").removesuffix("Test")
