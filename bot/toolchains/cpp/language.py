"""Declare C and C++ among the languages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.cpp import paths
from bot.toolchains.cpp.adapter import BuildAdapter
from bot.toolchains.cpp.automake import AutomakeAdapter
from bot.toolchains.cpp.build_files import is_foreign, read_build_file
from bot.toolchains.cpp.cmake import CMake
from bot.toolchains.cpp.make import MAKEFILES, MANAGER, MakeAdapter, find_unit
from bot.toolchains.cpp.meson import Meson
from bot.toolchains.cpp.programs import describe_versions
from bot.toolchains.cpp.system import BuildSystem
from bot.toolchains.language import Adapter, Language, Part, Tools
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, is_sample, walk_files

_DEEPEST = 3
# How a CMake project begins, and how it adds tests.
_PROJECT = re.compile(r"^\s*project\s*\(", re.IGNORECASE | re.MULTILINE)
_ADDS = re.compile(
    r"^\s*(?:add_test|(?:gtest|catch|doctest)_(?:discover|add)_tests)\s*\(", re.IGNORECASE | re.MULTILINE
)
_MESON_ADDS = re.compile(r"^\s*test\s*\(", re.MULTILINE)
_AUTOCONF = ("configure.ac", "configure.in")
_AUTOMAKE = re.compile(r"^\s*AM_INIT_AUTOMAKE\b", re.MULTILINE)
_AUTOMAKE_ADDS = re.compile(r"^\s*TESTS\s*\+?=", re.MULTILINE)
# A folder that tests itself has one of them.
_TOPS = {"CMakeLists.txt", "meson.build", *_AUTOCONF, *MAKEFILES}
_SYSTEMS: dict[str, BuildSystem] = {"ctest": CMake(), "meson test": Meson()}


def find_units(tree: Path) -> list[Unit]:
    """Return the folders that test themselves, outer ones first. Blocking."""
    files = [path for path in walk_files(tree) if not is_foreign(path)]
    folders = {path.parent for path in files if len(path.parts) <= _DEEPEST and path.name in _TOPS}
    below = defaultdict(list)
    for path in files:
        for folder in path.parents[-_DEEPEST:]:
            below[folder].append(path)
    found: list[Unit] = []
    for folder in sorted(folders, key=lambda one: (len(one.parts), one)):
        root = "" if str(folder) == "." else str(folder)
        inside = is_sample(root) or any(unit.holds(root) for unit in found)
        if inside or not any(paths.is_source(str(path)) for path in below[folder]):
            continue
        units = (find(tree, root, below[folder]) for find in (_find_cmake, _find_meson, _find_automake, find_unit))
        found += [unit for unit in units if unit is not None][:1]
    return found


def _find_cmake(tree: Path, root: str, files: Sequence[PurePosixPath]) -> Unit | None:
    top = PurePosixPath(root, "CMakeLists.txt")
    if top not in files or not _PROJECT.search(read_build_file(tree / top)):
        return None
    named = [path for path in files if path.name == "CMakeLists.txt" or path.suffix == ".cmake"]
    adding = next((path for path in named if _ADDS.search(read_build_file(tree / path))), None)
    if adding is None:
        return None
    evidence = (f"`{top}`", *([f"tests in `{adding}`"] if adding != top else []))
    return Unit(root=root, toolchain="cpp", manager="cmake", runner="ctest", evidence=evidence)


def _find_meson(tree: Path, root: str, files: Sequence[PurePosixPath]) -> Unit | None:
    top = PurePosixPath(root, "meson.build")
    if top not in files or not _PROJECT.search(read_build_file(tree / top)):
        return None
    named = [path for path in files if path.name == "meson.build"]
    adding = next((path for path in named if _MESON_ADDS.search(read_build_file(tree / path))), None)
    if adding is None:
        return None
    evidence = (f"`{top}`", *([f"tests in `{adding}`"] if adding != top else []))
    return Unit(root=root, toolchain="cpp", manager="meson", runner="meson test", evidence=evidence)


def _find_automake(tree: Path, root: str, files: Sequence[PurePosixPath]) -> Unit | None:
    top = next((path for name in _AUTOCONF if (path := PurePosixPath(root, name)) in files), None)
    if top is None or not _AUTOMAKE.search(read_build_file(tree / top)):
        return None
    named = [path for path in files if path.name == "Makefile.am"]
    adding = next((path for path in named if _AUTOMAKE_ADDS.search(read_build_file(tree / path))), None)
    if adding is None:
        return None
    evidence = (f"`{top}`", f"tests in `{adding}`")
    return Unit(root=root, toolchain="cpp", manager="automake", runner="make check", evidence=evidence)


def _make_adapter(unit: Unit, tree: Path) -> Adapter:
    if unit.manager == MANAGER:
        return MakeAdapter(unit)
    system = _SYSTEMS.get(unit.runner)
    return AutomakeAdapter(unit, tree) if system is None else BuildAdapter(unit, tree, system)


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(unit, UnitToolchain("cpp", paths, _make_adapter(unit, tree), tools, tree), unit.root)
        for unit in find_units(tree)
    ]


CPP = Language("cpp", paths, _find_parts, describe_versions)
