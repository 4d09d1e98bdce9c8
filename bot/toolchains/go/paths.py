"""Tell Go's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free

_CONFIG = {"go.mod", "go.sum", "go.work", "go.work.sum"}


def is_source(path: str) -> bool:
    """Return whether a path is written in Go."""
    return path.endswith(".go")


def is_test_config(path: str) -> bool:
    """Return whether a file decides what is built.

    A replaced module is other code.
    """
    return posixpath.basename(path) in _CONFIG or "vendor" in PurePosixPath(path).parts[:-1]


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, by its name."""
    return path.endswith("_test.go")


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    return is_test_file(path) or is_test_config(path) or "testdata" in PurePosixPath(path).parts[:-1]


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``.

    Go tests a package from its own folder.
    """
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    found = posixpath.dirname(beside) if beside is not None else root
    folder = posixpath.dirname(near) if is_source(near) else found
    return pick_free(paths, posixpath.join(folder, "*_test.go"), _stem(near), "{}_regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``; None where it may.

    Go knows packages by folder, so only a vendored one could be hidden.
    """
    return f"`{path}` lies in vendor, where dependencies are." if "vendor" in PurePosixPath(path).parts else None


def _stem(path: str) -> str:
    """Return what a file is about: ``cart`` for ``cart_test.go``."""
    return posixpath.basename(path).removesuffix(".go").removesuffix("_test")
