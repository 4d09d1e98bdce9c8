"""Declare Elixir among the languages."""

from __future__ import annotations

from pathlib import Path

from bot.toolchains.elixir import paths
from bot.toolchains.elixir.adapter import ElixirAdapter
from bot.toolchains.elixir.programs import describe_version
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, find_nearest, is_sample, walk_files


def find_units(tree: Path) -> list[Unit]:
    """Return the projects of Mix that have tests. Blocking.

    Each app of an umbrella is one: it can be tested in its own folder.
    """
    files = [str(path) for path in walk_files(tree)]
    roots = sorted(path.removesuffix("mix.exs").rstrip("/") for path in files if path.rpartition("/")[2] == "mix.exs")
    kept = [root for root in roots if not is_sample(root) and "deps" not in root.split("/")]
    units = [
        Unit(
            root=root,
            toolchain="elixir",
            manager="mix",
            runner="ExUnit",
            evidence=(f"`{root}/mix.exs`".replace("`/", "`"),),
        )
        for root in kept
    ]
    tested = {unit for path in files if paths.is_test_file(path) and (unit := find_nearest(units, path))}
    return [unit for unit in units if unit in tested]


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(unit, UnitToolchain("elixir", paths, ElixirAdapter(unit, tree), tools, tree), unit.root)
        for unit in find_units(tree)
    ]


ELIXIR = Language("elixir", paths, _find_parts, describe_version)
