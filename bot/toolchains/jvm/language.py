"""Declare Java and Kotlin among the languages."""

from __future__ import annotations

from pathlib import Path

from bot.toolchains.jvm import paths
from bot.toolchains.jvm.maven import MavenAdapter
from bot.toolchains.jvm.programs import describe_version
from bot.toolchains.jvm.sources import read_modules
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, find_nearest, is_sample, walk_files

_MOST_UNITS = 8
_DEEPEST = 4


def find_units(tree: Path) -> list[Unit]:
    """Return the builds that have tests, outer ones first. Blocking."""
    files = [str(path) for path in walk_files(tree)]
    roots = sorted(
        (file.removesuffix("pom.xml").rstrip("/") for file in files if file.rpartition("/")[2] == "pom.xml"),
        key=lambda root: (root.count("/") + bool(root), root),
    )
    units: list[Unit] = []
    modules: set[str] = set()
    for root in roots:
        if root not in modules and not is_sample(root) and root.count("/") < _DEEPEST:
            modules |= set(read_modules(tree, root))
            place = f"`{root}/pom.xml`" if root else "`pom.xml`"
            units.append(Unit(root=root, toolchain="jvm", manager="maven", runner="surefire", evidence=(place,)))
    tested = {find_nearest(units, file) for file in files if paths.is_test_source(file)}
    return [unit for unit in units if unit in tested][:_MOST_UNITS]


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    mirror = tools.settings.maven_mirror or ""
    return [
        Part(unit, UnitToolchain("jvm", paths, MavenAdapter(unit, tree, mirror), tools, tree), unit.root)
        for unit in find_units(tree)
    ]


JVM = Language("jvm", paths, _find_parts, describe_version)
