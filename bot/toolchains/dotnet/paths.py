"""Tell .NET's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free

# Read by MSBuild, NuGet or the runner before a test runs.
_CONFIG = (
    "*.??proj", "*.projitems", "*.props", "*.targets", "*.rsp", "*.sln", "*.slnx", "*.slnf", "*.runsettings",
    "global.json", "nuget.config", "packages.config", "packages.lock.json", "dotnet-tools.json", "xunit.runner.json",
    "testconfig.json", "assemblyinfo.cs",
)  # fmt: skip
# ``Shop.Tests``, ``tests``, ``Shop.UnitTests``
_FOLDER = re.compile(r"(?:.*[._-])?(?:unit|integration|functional)?(?:tests?|specs?)", re.IGNORECASE)
_MADE = {"bin", "obj"}


def is_source(path: str) -> bool:
    """Return whether a path is written in C#, F# or Visual Basic."""
    return path.endswith((".cs", ".fs", ".vb"))


def is_test_config(path: str) -> bool:
    """Return whether a file decides how tests are built or run."""
    name = posixpath.basename(path).lower()
    return any(fnmatchcase(name, one) for one in _CONFIG)


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, by its name."""
    return re.search(r"(?:Tests?|Specs?)\.cs$", path) is not None and not _MADE & set(PurePosixPath(path).parts[:-1])


def is_test(path: str) -> bool:
    """Return whether a path is a test, its helper or its configuration."""
    below = is_source(path) and any(_FOLDER.fullmatch(part) for part in PurePosixPath(path).parts[:-1])
    return is_test_config(path) or is_test_file(path) or below


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``.

    It lies beside the nearest test: a project compiles what is below its folder.
    """
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    folder = posixpath.dirname(beside) if beside is not None else posixpath.join(root, "tests")
    subject = re.sub(r"\W", "", _stem(near))
    return pick_free(paths, posixpath.join(folder, "*Tests.cs"), subject or "Regression", "{}Regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``; None where it may."""
    made = _MADE & set(PurePosixPath(path).parts[:-1])
    return f"`{path}` lies where builds go." if made else None


def _stem(path: str) -> str:
    """Return what a file is about: ``Cart`` for ``CartTests.cs``."""
    return re.sub(r"(?:Tests?|Specs?)$", "", posixpath.splitext(posixpath.basename(path))[0])
