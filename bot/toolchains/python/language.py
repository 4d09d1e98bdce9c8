"""Declare Python among the languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.python import paths
from bot.toolchains.python.toolchain import PythonToolchain, describe_versions
from bot.toolchains.python.units import find_units
from bot.toolchains.units import Unit


def make_part(unit: Unit, tree: Path, tools: Tools) -> Part:
    """Make the part of a unit."""
    return Part(unit, PythonToolchain(tools, tree))


def _find_parts(tree: Path, tools: Tools) -> Sequence[Part]:
    return [make_part(unit, tree, tools) for unit in find_units(tree, tools.elsewhere)]


PYTHON = Language("python", paths, _find_parts, describe_versions)
