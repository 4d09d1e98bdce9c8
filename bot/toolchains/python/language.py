"""Declare Python among the languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.toolchains.identity import pick_blobs
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.python import paths
from bot.toolchains.python.project import detect
from bot.toolchains.python.toolchain import PythonToolchain, describe_versions
from bot.toolchains.python.units import find_units
from bot.toolchains.units import Unit

# Projects, requirements, locks, settings of tools, what build backends run, and what they compile into the environment.
_DECIDING = (
    "*.toml", "*.cfg", "*.ini", "*.lock", "*.txt", "*.in", "*requirement*", "*constraint*", "Pipfile*", "setup.py",
    "conftest.py", "noxfile.py", ".python-version", "hatch_build.py", "versioneer.py", "build.py", "meson.build",
    "*.c", "*.cc", "*.cpp", "*.cxx", "*.cu", "*.h", "*.hpp", "*.i", "*.pyx", "*.pxd", "*.rs", "*.f", "*.f90", "*.proto",
)  # fmt: skip


def make_part(unit: Unit, tree: Path, tools: Tools) -> Part:
    """Make the part of a unit."""
    return Part(unit, PythonToolchain(tools, tree))


def _find_parts(tree: Path, tools: Tools) -> Sequence[Part]:
    return [make_part(unit, tree, tools) for unit in find_units(tree, tools.elsewhere)]


def _decide(tree: Path, blobs: Mapping[str, str]) -> str:
    """Return the project as it is detected, which reads tests too, and files."""
    return f"{detect(tree)} {pick_blobs(blobs, *_DECIDING)}"


PYTHON = Language("python", paths, _find_parts, describe_versions, _decide)
