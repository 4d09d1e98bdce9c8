"""Tell tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_CONFIG = {
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "noxfile.py",
    ".coveragerc",
    "sitecustomize.py",
    "usercustomize.py",
}
_TEST_FILE = re.compile(r"(test_.*|.*_tests?|tests?)\.py")
# Names of test files in other languages, for repositories with a test command of their own.
_FOREIGN = re.compile(r".*[._-](?:test|tests|spec)\.\w+|.*Tests?\.\w+")
_ANYWHERE = {"tests", "__tests__", "testdata", "test_data"}
_AT_TOP = {"test", "testing"}
_DATA = (".json", ".toml", ".yml", ".yaml", ".txt", ".csv", ".xml", ".html", ".md", ".rst", ".ini", ".cfg", ".sql")


def is_source(path: str) -> bool:
    """Return whether a path is written in Python."""
    return path.endswith((".py", ".pyi"))


def is_test_config(path: str) -> bool:
    """Return whether a file is read before a test runs.

    Pytest, tox, nox or the interpreter read it. Only its name counts, whatever it holds now.
    """
    name = posixpath.basename(path)
    return name in _CONFIG or name.endswith(".pth")


def is_test(path: str, patterns: Sequence[str] = ()) -> bool:
    """Return whether a path is a test, its data or its configuration.

    ``testing`` and ``test`` count as test directories at the top only: deeper they are often part of the product
    (``numpy/testing``, ``django/test``). ``patterns`` are the repository's own names of test files.
    """
    folders = PurePosixPath(path).parts[:-1]
    in_tests = bool(_ANYWHERE & set(folders)) or (bool(folders) and folders[0] in _AT_TOP)
    return in_tests or is_test_config(path) or is_test_file(path, patterns)


def is_test_file(path: str, patterns: Sequence[str] = ()) -> bool:
    """Return whether a file holds tests, not data or helpers, by its name."""
    name = posixpath.basename(path)
    return (
        _TEST_FILE.fullmatch(name) is not None
        or (not name.endswith(".py") and _FOREIGN.fullmatch(name) is not None)
        or any(fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns)
    )


def pick_targets(paths: Sequence[str], patterns: Sequence[str] = ()) -> list[str]:
    """Return the paths a runner is given, without data files and helpers."""
    code = [path for path in paths if not is_test_config(path) and posixpath.basename(path) != "__init__.py"]
    return (
        [path for path in code if is_test_file(path, patterns)]
        or [path for path in code if path.endswith(".py")]
        or [path for path in code if not path.endswith(_DATA)]
    )


def new_test_path(paths: Sequence[str], near: str, patterns: Sequence[str] = ()) -> str:
    """Return a path not in ``paths`` for a test of ``near``.

    It is beside the existing test that is nearest to it by name, and has a name that pytest collects: the first of
    ``patterns``, where the repository sets them.
    """
    taken = set(paths)
    tests = [path for path in paths if path.endswith(".py") and is_test_file(path, patterns)]
    subject = PurePosixPath(near).stem.strip("_") or "regression"
    if subject == "init":
        subject = PurePosixPath(near).parent.name or "regression"
    beside = max(tests, key=lambda test: (_affinity(test, near), test), default=None)
    folder = posixpath.dirname(beside) if beside else "tests"
    pattern = "*_test.py" if beside and re.search(r"_tests?\.py$", beside) else "test_*.py"
    if patterns and not any(fnmatchcase(pattern, one) for one in patterns):
        pattern = next((one for one in patterns if one.count("*") == 1 and "/" not in one), pattern)
    names = (subject, f"{subject}_regression", *(f"{subject}_regression_{number}" for number in range(2, 1000)))
    candidates = (posixpath.join(folder, pattern.replace("*", name)) for name in names)
    return next(path for path in candidates if path not in taken)


def _affinity(test: str, near: str) -> tuple[int, int, int]:
    """Rate nearness: the same subject, then shared folders, then depth."""
    subject = re.sub(r"^test_|_tests?$", "", PurePosixPath(test).stem)
    folders = set(PurePosixPath(test).parts[:-1])
    shared = len(folders & set(PurePosixPath(near).parts[:-1]))
    return int(subject == PurePosixPath(near).stem), shared, -len(PurePosixPath(test).parts)
