"""Find the Go of this machine."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError
from bot.toolchains.programs import ask_program

MISSING = "go is not here. Install Go 1.19 or newer (apt-get install golang-go)."


@dataclass(frozen=True)
class Go:
    """Go of the host, and the folder it is installed in."""

    root: Path
    version: tuple[int, int]

    @property
    def text(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        return mount_installed(self.root)


@functools.cache
def find_go() -> Go | None:
    """Find the go on PATH. Blocking."""
    try:
        root, version = ask_program("go", "env", "GOROOT", "GOVERSION") or []
        major, minor = re.findall(r"\d+", version)[:2]
    except ValueError:
        return None
    return Go(Path(root).resolve(), (int(major), int(minor)))


def require_go() -> Go:
    """Return the go on PATH, or raise :class:`ToolchainError`. Blocking."""
    go = find_go()
    if go is None:
        raise ToolchainError(MISSING)
    return go


def describe_version() -> str:
    """Name this machine's Go, or what brings one, for ``doctor``. Blocking."""
    go = find_go()
    return f"no Go: {MISSING}" if go is None else f"go {go.text}"
