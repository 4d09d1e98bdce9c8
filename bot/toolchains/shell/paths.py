"""Tell the shell's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free

_FOLDERS = {"test", "tests", "spec", "bats"}
_ASIDE = {
    "fixtures",
    "fixture",
    "testdata",
    "examples",
    "samples",
    "bats-core",
    "bats-support",
    "bats-assert",
    "bats-file",
}
# Loaded by tests, or by bats itself before them.
_CONFIG = re.compile(r"setup_suite\.bash|.*helpers?\.(?:bash|sh)|(?:common|load|_.*)\.(?:bash|sh)|\.batsrc")


def is_source(path: str) -> bool:
    """Return whether a path is a shell script, by its name."""
    return path.endswith((".sh", ".bash", ".bats"))


def is_test_config(path: str) -> bool:
    """Return whether a file is loaded before or by the tests."""
    folders = set(PurePosixPath(path).parts[:-1])
    return bool(folders & _FOLDERS) and _CONFIG.fullmatch(posixpath.basename(path)) is not None


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, and is no sample, by its name."""
    return path.endswith(".bats") and not _ASIDE & set(PurePosixPath(path).parts[:-1])


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    below = is_source(path) and bool(_FOLDERS & set(PurePosixPath(path).parts[:-1]))
    return path.endswith(".bats") or below


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``."""
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    folder = posixpath.dirname(beside) if beside is not None else posixpath.join(root, "test")
    return pick_free(paths, posixpath.join(folder, "*.bats"), _stem(near), "{}-regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``: none hides another."""
    return None


def _stem(path: str) -> str:
    """Return what a file is about: ``cart`` for ``cart.bats``."""
    return posixpath.splitext(posixpath.basename(path))[0]
