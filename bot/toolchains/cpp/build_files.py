"""See by their texts what build files say: which system builds a folder, and how its tests are switched on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.units import walk_files

# Folders with the projects of others.
_FOREIGN = {
    "third_party", "third-party", "thirdparty", "3rdparty", "3rd_party", "external", "externals", "extern", "deps",
    "submodules", "subprojects", "contrib", "examples", "example", "samples",
}  # fmt: skip
_MOST_BYTES = 512 * 1024
_COMMENT = re.compile(r"#.*")
_OPTION = re.compile(
    r"^\s*(?:option|cmake_dependent_option)\s*\(\s*\"?(\w+)|^\s*set\s*\(\s*(\w+)\s+(?:OFF|ON|0|1)\s+CACHE\b",
    re.IGNORECASE | re.MULTILINE,
)
# BUILD_TESTING, ZOO_BUILD_TESTS, ENABLE_UNIT_TESTS, JSON_BuildTests; not those of other kinds of tests
_SWITCH = re.compile(
    r"(?:\w+_)?(?:(?:BUILD|ENABLE|WITH|MAKE)[_-]?)?(?:UNIT[_-]?)?TEST(?:S|ING)?(?:_(?:BUILD|ENABLED?))?", re.IGNORECASE
)
_MESON_OPTION = re.compile(r"^\s*option\s*\(\s*'([\w-]+)'([^)]*)", re.MULTILINE)
_MESON_ON = {"boolean": "true", "feature": "enabled"}
_OTHER = re.compile(
    r"FUZZ|BENCH|PERF|COVER|INSTALL|DOC|MANUAL|SANIT|VALGRIND|DISABLE|SKIP|PYTHON|CUDA|NO_|WITHOUT", re.I
)


def is_foreign(path: PurePosixPath) -> bool:
    """Return whether a path lies in a folder with the projects of others."""
    return not _FOREIGN.isdisjoint(part.lower() for part in path.parts[:-1])


def read_build_file(file: Path) -> str:
    """Return a build file without comments, "" for none. Blocking."""
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _MOST_BYTES:
        return ""
    return _COMMENT.sub("", file.read_text(errors="replace"))


def read_cmake_files(root: Path) -> Iterator[str]:
    """Yield the texts of a project's CMake files. Blocking."""
    for path in walk_files(root):
        if (path.name == "CMakeLists.txt" or path.suffix == ".cmake") and not is_foreign(path):
            yield read_build_file(root / path)


def list_test_options(root: Path) -> Sequence[str]:
    """Return the options of a CMake project that switch tests on. Blocking."""
    names = {one or two for text in read_cmake_files(root) for one, two in _OPTION.findall(text)}
    return sorted(name for name in names if _SWITCH.fullmatch(name) and not _OTHER.search(name))


def list_meson_options(root: Path) -> Sequence[tuple[str, str]]:
    """Return the options of a Meson project that switch tests on. Blocking."""
    texts = (read_build_file(root / name) for name in ("meson.options", "meson_options.txt"))
    found = []
    for name, rest in (option for text in texts for option in _MESON_OPTION.findall(text)):
        kind = next((word for word in _MESON_ON if f"'{word}'" in rest), None)
        if kind is not None and _SWITCH.fullmatch(name) and not _OTHER.search(name):
            found.append((name, _MESON_ON[kind]))
    return found
