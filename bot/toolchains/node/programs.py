"""Find the node of this machine, and say what it brings."""

from __future__ import annotations

import functools
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import Mount
from bot.toolchains.programs import ask_program

_ASK = "console.log(JSON.stringify([process.execPath, process.versions.node]))"
# Older ones have no node:test that can be asked, and no Hash.copy behind our reporters' signatures.
OLDEST = (20, 0, 0)
MISSING = "node is not here. Install Node.js 20 or newer with npm (apt-get install nodejs npm)."
_RANGE = re.compile(r"(>=|<=|>|<|\^|~|=)?\s*v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?")


@dataclass(frozen=True)
class Node:
    """Node of the host, and the folder it was installed in."""

    program: Path
    version: tuple[int, int, int]

    @property
    def text(self) -> str:
        return ".".join(str(part) for part in self.version)

    @property
    def prefix(self) -> Path:
        return self.program.parent.parent

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        return mount_installed(self.prefix)


@functools.cache
def find_node() -> Node | None:
    """Find the node behind what a version manager puts on PATH. Blocking."""
    try:
        path, version = json.loads("".join(ask_program("node", "-e", _ASK) or ()))
        major, minor, patch = (int(part) for part in re.findall(r"\d+", version)[:3])
    except ValueError:
        return None
    return Node(Path(path).resolve(), (major, minor, patch))


def describe_versions() -> str:
    """Name this machine's node, or what brings one, for ``doctor``. Blocking."""
    node = find_node()
    if node is None:
        return f"no JavaScript: {MISSING}"
    if node.version < OLDEST:
        return f"no JavaScript: node {node.text} is too old. Install Node.js 20 or newer."
    if shutil.which("npm") is None:
        return f"node {node.text} without npm, so only what needs no dependencies (apt-get install npm)"
    return f"node {node.text} with npm"


def satisfies(version: tuple[int, int, int], text: str) -> bool:
    """Return whether a version lies in a range of npm's.

    One that is not understood holds.
    """
    return not text.strip() or any(_fits_all(version, part) for part in text.split("||"))


def _fits_all(version: tuple[int, int, int], text: str) -> bool:
    if " - " in text:
        return True
    return all(_fits(version, *found.groups()) for found in _RANGE.finditer(text))


def _fits(version: tuple[int, int, int], sign: str | None, *parts: str | None) -> bool:
    given = [int(part) for part in parts if part is not None and part.isdigit()]
    low = (*given, 0, 0, 0)[:3]
    if sign == ">=":
        return version >= low
    if sign == ">":
        return version[: len(given)] > tuple(given)
    if sign in ("<", "<="):
        return version < low if sign == "<" else version[: len(given)] <= tuple(given)
    kept = min(len(given), {"^": 1, "~": 2}.get(sign or "", 3))
    return version >= low and version[:kept] == tuple(given)[:kept]
