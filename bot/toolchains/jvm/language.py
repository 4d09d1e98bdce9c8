"""Declare Java and Kotlin among the languages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from bot.toolchains.jvm import paths
from bot.toolchains.jvm.gradle import GradleAdapter
from bot.toolchains.jvm.hiding import find_hidden
from bot.toolchains.jvm.maven import MavenAdapter
from bot.toolchains.jvm.programs import describe_version
from bot.toolchains.jvm.sources import read_modules, read_text
from bot.toolchains.language import Adapter, Language, Part, Tools
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, find_nearest, is_sample, walk_files

_DEEPEST = 4
_MAVEN = ("pom.xml",)
_GRADLE = ("settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts")
_RUNS_GRADLE = re.compile(r"\bgradlew?\b")
_RUNS_MAVEN = re.compile(r"\bmvnw?\b")


def find_units(tree: Path) -> list[Unit]:
    """Return the builds that have tests, outer ones first. Blocking."""
    files = [str(path) for path in walk_files(tree)]
    builds = {posixpath.dirname(file) for file in files if posixpath.basename(file) in (*_MAVEN, *_GRADLE)}
    units: list[Unit] = []
    known: set[str] = set()
    for root in sorted(builds, key=lambda root: (root.count("/") + bool(root), root)):
        above = find_nearest([unit for unit in units if unit.manager == "gradle"], root)
        if root in known or above is not None or is_sample(root) or root.count("/") >= _DEEPEST:
            continue
        unit = _make_unit(tree, root, files)
        known |= set(read_modules(tree, root)) if unit.manager == "maven" else set()
        units.append(unit)
    tested = {find_nearest(units, file) for file in files if paths.is_test_source(file)}
    return [unit for unit in units if unit in tested]


def _make_unit(tree: Path, root: str, files: Sequence[str]) -> Unit:
    """Make the unit of a build; of two, Maven, unless CI runs Gradle alone."""
    there = [name for name in (*_MAVEN, *_GRADLE) if posixpath.join(root, name) in files]
    workflows = "\n".join(read_text(file) for file in sorted((tree / ".github" / "workflows").glob("*.y*ml")))
    by_ci = _RUNS_GRADLE.search(workflows) is not None and _RUNS_MAVEN.search(workflows) is None
    gradle = [name for name in there if name in _GRADLE]
    evidence = [f"`{posixpath.join(root, name)}`" for name in there]
    if gradle and (by_ci or there == gradle):
        told = ["the workflows run Gradle"] if len(gradle) < len(there) else []
        return Unit(root=root, toolchain="jvm", manager="gradle", runner="gradle", evidence=(*evidence, *told))
    return Unit(root=root, toolchain="jvm", manager="maven", runner="surefire", evidence=tuple(evidence))


def _make_adapter(unit: Unit, tree: Path, tools: Tools) -> Adapter:
    if unit.manager == "gradle":
        return GradleAdapter(unit, tree)
    return MavenAdapter(unit, tree, tools.settings.maven_mirror or "")


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(unit, UnitToolchain("jvm", paths, _make_adapter(unit, tree, tools), tools, tree), unit.root)
        for unit in find_units(tree)
    ]


JVM = Language("jvm", paths, _find_parts, describe_version, find_hidden=find_hidden)
