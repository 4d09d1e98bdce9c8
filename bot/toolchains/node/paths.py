"""Tell JavaScript's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free

SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
# Read before a test runs, by the runner or by what it loads files with.
_CONFIG = (
    "package.json", "vitest.*config.*", "vitest.workspace.*", "vitest.setup.*", "vite.config.*", "jest.config.*",
    "jest.*.config.*", "jest.setup.*", "jest-setup.*", "setupTests.*", ".mocharc*", "mocha.opts", "ava.config.*",
    ".taprc", ".nycrc*", ".c8rc*", "babel.config.*", ".babelrc*", ".swcrc", ".pnpmfile.cjs",
)  # fmt: skip
_FOLDERS = {"test", "tests", "__tests__", "__mocks__", "__snapshots__", "__fixtures__"}
_AT_TOP = {"spec", "e2e", "cypress"}
_TEST_FILE = re.compile(r"(.*[._-])?(test|tests|spec)\.([cm]?[jt]sx?)|test-.*\.[cm]?[jt]sx?")
# Options whose value is a file that runs before the tests.
_LOADED = {
    "--import",
    "--require",
    "-r",
    "--loader",
    "--file",
    "--setupFiles",
    "--setupFilesAfterEnv",
    "--config",
    "-c",
}


def is_source(path: str) -> bool:
    """Return whether a path is JavaScript or TypeScript."""
    return path.endswith(SUFFIXES)


def is_test_config(path: str) -> bool:
    """Return whether a file is read before a test runs. Only its name counts."""
    name = posixpath.basename(path)
    return any(fnmatchcase(name, pattern) for pattern in _CONFIG)


def is_loaded_by(options: Sequence[str], root: str, path: str) -> bool:
    """Return whether a runner's options name a file, which it runs first."""
    values = [value for option, value in pairwise(options) if option in _LOADED]
    values += [option.partition("=")[2] for option in options if option.partition("=")[0] in _LOADED and "=" in option]
    places = {posixpath.normpath(posixpath.join(root, value)) for value in values}
    return path in places or posixpath.splitext(path)[0] in places


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, not data or helpers, by its name."""
    return _TEST_FILE.fullmatch(posixpath.basename(path)) is not None


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    folders = PurePosixPath(path).parts[:-1]
    in_tests = bool(_FOLDERS & set(folders)) or (bool(folders) and folders[0] in _AT_TOP)
    return is_test_config(path) or (is_source(path) and is_test_file(path)) or (in_tests and not path.endswith(".py"))


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the paths a runner is given: no data files, helpers, mocks."""
    code = [
        path for path in paths
        if is_source(path) and not is_test_config(path) and "__mocks__" not in path.split("/")
    ]  # fmt: skip
    return [path for path in code if is_test_file(path)] or code


def new_test_path(paths: Sequence[str], near: str, default: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``.

    ``default`` is such as ``test/*.test.js``.
    """
    subject = _stem(near)
    if subject == "index":
        subject = PurePosixPath(near).parent.name
    tests = [path for path in paths if is_source(path) and is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    if beside is None:
        folder, pattern = posixpath.split(default)
    else:
        # a test beside its subject goes where the new subject is
        own = posixpath.dirname(beside)
        folder = posixpath.dirname(near) if _is_beside(beside, paths) and near else own
        pattern = _pattern_of(posixpath.basename(beside))
    return pick_free(paths, posixpath.join(folder, pattern), subject, "{}-regression")


def _pattern_of(name: str) -> str:
    """Return how a test is named: ``*.test.js`` for ``cart.test.js``."""
    found = re.fullmatch(r"(?:.*?)([._-](?:test|tests|spec)\.[cm]?[jt]sx?)", name)
    if found is not None:
        return f"*{found[1]}"
    if name.startswith("test-"):
        return f"test-*{PurePosixPath(name).suffix}"
    return f"*.test{PurePosixPath(name).suffix}"


def _is_beside(test: str, paths: Sequence[str]) -> bool:
    folder = posixpath.dirname(test)
    return any(
        posixpath.dirname(path) == folder and _stem(path) == _stem(test) and is_source(path) and not is_test_file(path)
        for path in paths
    )


def _stem(path: str) -> str:
    """Return what a file is about: ``cart`` for ``cart.test.ts``."""
    name = re.sub(r"(\.d)?\.[cm]?[jt]sx?$", "", posixpath.basename(path))
    return re.sub(r"[._-](test|tests|spec)$|^test-", "", name)
