"""Which paths are tests, which configure tests, and where a new test would go; by names alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
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
_MAKEFILES = {"GNUmakefile", "makefile", "Makefile"}
# a script at the start of a command, or given to an interpreter
_SCRIPT = re.compile(r"(?:^|[;&|(])\s*((?:[\w.-]*/)+[\w.-]+)|\b(?:python[\d.]*|sh|bash)\s+(?:-[\w=-]+\s+)*([\w./-]+)")
_TEST_FILE = re.compile(r"(test_.*|.*_tests?|tests?)\.py")
_ANYWHERE = {"tests", "__tests__"}
_AT_TOP = {"test", "testing"}


def is_test_config(path: str) -> bool:
    """Files that pytest, tox, nox or the interpreter read before a test runs; by name, whatever they hold now."""
    name = posixpath.basename(path)
    return name in _CONFIG or name.endswith(".pth")


def is_run_by(line: str, path: str) -> bool:
    """Is ``path`` a script that a shell line runs, or the Makefile of its ``make``? As far as the line says it."""
    if posixpath.basename(path) in _MAKEFILES and re.search(r"\bg?make\b", line):
        return True
    scripts = [re.sub(r"^(\.\./)+", "", posixpath.normpath(one or two)) for one, two in _SCRIPT.findall(line)]
    return any(f"/{path}".endswith(f"/{script}") for script in scripts)


def is_test(path: str) -> bool:
    """Test files, whatever lies in a test directory, and test configuration.

    ``testing`` and ``test`` count as test directories at the top only: deeper they are often part of the product
    (``numpy/testing``, ``django/test``).
    """
    parts = PurePosixPath(path).parts
    folders = parts[:-1]
    in_tests = bool(_ANYWHERE & set(folders)) or (bool(folders) and folders[0] in _AT_TOP)
    return in_tests or is_test_config(path) or bool(parts and _TEST_FILE.fullmatch(parts[-1]))


def new_test_path(paths: Sequence[str], near: str) -> str:
    """A path not in ``paths`` for a test of ``near``, beside the existing test that is nearest to it by name."""
    taken = set(paths)
    tests = [path for path in paths if _TEST_FILE.fullmatch(posixpath.basename(path))]
    subject = PurePosixPath(near).stem.strip("_") or "regression"
    if subject == "init":
        subject = PurePosixPath(near).parent.name or "regression"
    beside = max(tests, key=lambda test: (_affinity(test, near), test), default=None)
    folder = posixpath.dirname(beside) if beside else "tests"
    suffix = bool(beside and re.search(r"_tests?\.py$", beside))
    names = (subject, f"{subject}_regression", *(f"{subject}_regression_{number}" for number in range(2, 1000)))
    candidates = (posixpath.join(folder, f"{name}_test.py" if suffix else f"test_{name}.py") for name in names)
    return next(path for path in candidates if path not in taken)


def _affinity(test: str, near: str) -> tuple[int, int, int]:
    """More is nearer: same subject, then shared directory names, then a shallower place."""
    subject = re.sub(r"^test_|_tests?$", "", PurePosixPath(test).stem)
    folders = set(PurePosixPath(test).parts[:-1])
    shared = len(folders & set(PurePosixPath(near).parts[:-1]))
    return int(subject == PurePosixPath(near).stem), shared, -len(PurePosixPath(test).parts)
