"""Declare the shell among the languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.toolchains.identity import pick_blobs
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.shell import paths
from bot.toolchains.shell.adapter import BatsAdapter, list_files
from bot.toolchains.shell.programs import describe_version
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit


def find_units(tree: Path) -> list[Unit]:
    """Return the whole tree where it has tests of bats. Blocking.

    Bats needs no file of its own, and its tests name what they load by their own place.
    """
    files = list_files(tree)
    return [Unit(root="", toolchain="shell", runner="bats", evidence=(f"`{files[0]}`",))] if files else []


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [Part(unit, UnitToolchain("shell", paths, BatsAdapter(unit), tools, tree)) for unit in find_units(tree)]


def _decide(tree: Path, blobs: Mapping[str, str]) -> str:
    return pick_blobs(blobs)


SHELL = Language("shell", paths, _find_parts, describe_version, _decide)
