"""Tell Elixir's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free

_CONFIG = {"mix.exs", "mix.lock", "test_helper.exs", ".formatter.exs", ".iex.exs"}
_ASIDE = {"fixtures", "support", "deps", "_build"}


def is_source(path: str) -> bool:
    """Return whether a path is written in Elixir."""
    return path.endswith((".ex", ".exs"))


def is_test_config(path: str) -> bool:
    """Return whether a file is loaded before the tests, or says how."""
    folders = PurePosixPath(path).parts[:-1]
    loaded = is_source(path) and ("config" in folders or {"test", "support"} <= set(folders))
    return loaded or posixpath.basename(path) in _CONFIG


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, not data or helpers, by its name."""
    folders = PurePosixPath(path).parts[:-1]
    return path.endswith("_test.exs") and "test" in folders and not _ASIDE & set(folders)


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    return is_test_config(path) or (is_source(path) and "test" in PurePosixPath(path).parts[:-1])


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``."""
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    folder = posixpath.dirname(beside) if beside is not None else posixpath.join(root, "test")
    return pick_free(paths, posixpath.join(folder, "*_test.exs"), _stem(near), "{}_regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``; None where it may."""
    folders = PurePosixPath(path).parts[:-1]
    return f"`{path}` lies where dependencies are." if {"deps", "_build"} & set(folders) else None


def _stem(path: str) -> str:
    """Return what a file is about: ``cart`` for ``cart_test.exs``."""
    return posixpath.splitext(posixpath.basename(path))[0].removesuffix("_test")
