"""Tell Rust's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free

# They decide what is built, by which compiler; a build script runs before.
_CONFIG = {"Cargo.toml", "Cargo.lock", "build.rs", "rust-toolchain", "rust-toolchain.toml"}
# Modules of tests beside the code: src/cart/tests.rs, src/cart_test.rs
_TESTS = re.compile(r"(?:.*_)?tests?\.rs")


def is_source(path: str) -> bool:
    """Return whether a path is written in Rust."""
    return path.endswith(".rs")


def is_test_config(path: str) -> bool:
    """Return whether a file decides what is built.

    What lies in ``vendor`` or ``.cargo`` replaces other code.
    """
    folders = PurePosixPath(path).parts[:-1]
    aside = "vendor" in folders or ".cargo" in folders
    return posixpath.basename(path) in _CONFIG or aside or f"/{path}".endswith("/.config/nextest.toml")


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, by its name.

    Tests within the files of the product are not seen so.
    """
    in_tests = "tests" in PurePosixPath(path).parts[:-1]
    return is_source(path) and (in_tests or _TESTS.fullmatch(posixpath.basename(path)) is not None)


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    folders = PurePosixPath(path).parts[:-1]
    return is_test_file(path) or is_test_config(path) or "tests" in folders or "testdata" in folders


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``.

    A file in the folder ``tests`` of a package is a program of its own; a new one in ``src`` would belong to nothing.
    """
    source = re.match(r"(?:(.*?)/)?src/", near)
    folder = posixpath.join((source[1] or "") if source is not None else root, "tests")
    beside = find_sibling([path for path in paths if posixpath.dirname(path) == folder], near, _stem) or ""
    pattern = "*_test.rs" if beside.endswith("_test.rs") else "*.rs"
    return pick_free(paths, posixpath.join(folder, pattern), _stem(near), "{}_regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``; None where it may.

    Cargo builds what it finds in some places, and takes settings from others.
    """
    folders = PurePosixPath(path).parts[:-1]
    if "vendor" in folders:
        return f"`{path}` lies in vendor, where dependencies are."
    if ".cargo" in folders or posixpath.basename(path) in _CONFIG:
        return f"`{path}` decides how cargo builds."
    return None


def _stem(path: str) -> str:
    """Return what a file is about: ``cart`` for ``src/cart/mod.rs``."""
    place = PurePosixPath(path)
    name = place.parent.name if place.name in ("mod.rs", "lib.rs", "main.rs", "tests.rs") else place.stem
    return "" if name in ("src", "tests") else re.sub(r"_tests?$", "", name.removeprefix("test_"))
