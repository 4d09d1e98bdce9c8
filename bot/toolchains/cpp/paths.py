"""Tell tests, build files and product of C and C++ apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free
from bot.toolchains.units import walk_files

COMPILED = (".c", ".cc", ".cpp", ".cxx", ".c++")
_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".tpp", ".inl")
_TEST_FOLDERS = {
    "test", "tests", "testing", "unittest", "unittests", "unit_test", "unit_tests", "unit-tests", "gtest", "testsuite",
}  # fmt: skip
# marks in the name of a file without its ending: test_cart, cart_tests, cart-test, cart_unittest, CartTest, TestCart
_MARK = re.compile(r"(?:^|[_.-])(?:unit)?tests?(?=[_.-]|$)|unittests?$|(?<=[a-z0-9])Tests?$|^Test(?=[A-Z])")
_CONFIG = {
    "CMakeLists.txt", "CMakePresets.json", "CMakeUserPresets.json", "meson.build", "meson_options.txt",
    "meson.options", "Makefile.am", "Makefile.in", "configure", "configure.ac", "configure.in", "conanfile.txt",
    "conanfile.py", "vcpkg.json",
}  # fmt: skip
_CONFIG_ENDINGS = (".cmake", ".cmake.in", ".wrap", ".m4")
# Where the compiler and the system keep headers.
_SYSTEM = ("/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/c++/*", "/usr/lib/gcc/*/*/include")


def is_source(path: str) -> bool:
    """Return whether a path is written in C or C++."""
    return path.endswith((*COMPILED, *_HEADERS))


def is_test_config(path: str) -> bool:
    """Return whether a file decides what is built and run as a test."""
    return posixpath.basename(path) in _CONFIG or path.endswith(_CONFIG_ENDINGS)


def is_test_file(path: str) -> bool:
    """Return whether a file is compiled into a test, by its name or folder."""
    return path.endswith(COMPILED) and (has_mark(path) or _is_below_tests(path))


def has_mark(path: str) -> bool:
    """Return whether a file's name says that it holds tests."""
    return _MARK.search(_cut_ending(path)) is not None


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    return is_test_config(path) or _is_below_tests(path) or (is_source(path) and has_mark(path))


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that tests are compiled of."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``, named as others."""
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling([path for path in tests if has_mark(path)] or tests, near, stem)
    subject = stem(near)
    if beside is None:
        ending = ".c" if near.endswith(".c") else ".cpp"
        return pick_free(paths, posixpath.join(root, f"tests/*_test{ending}"), subject, "{}_regression")
    folder, name = posixpath.split(beside)
    mark = _MARK.search(_cut_ending(beside))
    marked = mark is not None and stem(beside) != ""
    pattern = name.replace(stem(beside), "*", 1) if marked else f"*_test{PurePosixPath(name).suffix}"
    return pick_free(paths, posixpath.join(folder, pattern), subject, "{}_regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why no new file may be made at ``path``; None where it may.

    A header is found by its name alone, in the includer's folder first. One that is there already may be edited.
    Blocking: reads folders.
    """
    if (tree / path).is_file():
        return None
    parts = PurePosixPath(path).parts
    below = ["/".join(parts[at:]) for at in range(len(parts))]
    if any(next(Path("/").glob(f"{place[1:]}/{_escape(name)}"), None) for place in _SYSTEM for name in below):
        return f"`{path}` would be included in place of a header of the system."
    if path.endswith(_HEADERS) and any(one.name == parts[-1] for one in walk_files(tree)):
        return f"`{path}` may be included in place of another `{parts[-1]}`."
    return None


def _escape(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _is_below_tests(path: str) -> bool:
    return not _TEST_FOLDERS.isdisjoint(part.lower() for part in PurePosixPath(path).parts[:-1])


def _cut_ending(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def stem(path: str) -> str:
    """Return what a file is about: ``cart`` for ``test_cart.cpp``."""
    return _MARK.sub("", _cut_ending(path)).strip("_.-")
