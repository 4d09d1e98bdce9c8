"""Declare .NET among the languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.toolchains.dotnet import paths
from bot.toolchains.dotnet.adapter import DotnetAdapter
from bot.toolchains.dotnet.hiding import find_hidden
from bot.toolchains.dotnet.programs import describe_version
from bot.toolchains.dotnet.projects import list_projects
from bot.toolchains.identity import pick_blobs
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, walk_files

_SOLUTIONS = (".sln", ".slnx")
_DECIDING = (
    "*.??proj", "*.props", "*.targets", "*.rsp", "[Nn]u[Gg]et.[Cc]onfig", "packages.lock.json", "global.json",
)  # fmt: skip


def find_units(tree: Path) -> list[Unit]:
    """Return the folders of solutions that have test projects. Blocking.

    Of solutions in solutions the outer one counts; projects of none belong to the whole tree.
    """
    solutions = sorted((path for path in walk_files(tree) if path.suffix in _SOLUTIONS), key=lambda one: len(one.parts))
    units: dict[str, Unit] = {}
    for project in list_projects(tree):
        above = next((one for one in solutions if not one.parts[1:] or project.startswith(f"{one.parent}/")), None)
        root = "" if above is None or len(above.parts) == 1 else str(above.parent)
        evidence = (f"`{project}`", *([f"`{above}`"] if above is not None else []))
        unit = Unit(root=root, toolchain="dotnet", manager="nuget", runner="dotnet test", evidence=evidence)
        units.setdefault(root, unit)
    return list(units.values())


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(unit, UnitToolchain("dotnet", paths, DotnetAdapter(unit, tree), tools, tree), unit.root)
        for unit in find_units(tree)
    ]


def _decide(tree: Path, blobs: Mapping[str, str]) -> str:
    return pick_blobs(blobs, *_DECIDING)


DOTNET = Language("dotnet", paths, _find_parts, describe_version, _decide, find_hidden)
