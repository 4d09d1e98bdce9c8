"""Find the Go of this machine."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError

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
        return [] if self.root.is_relative_to("/usr") else [Mount(source=self.root, target=str(self.root))]


@functools.cache
def find_go() -> Go | None:
    """Find the go on PATH. Blocking."""
    program = shutil.which("go")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "env", "GOROOT", "GOVERSION"], capture_output=True, timeout=30, text=True)
        root, version = done.stdout.splitlines()[:2]
        major, minor = re.findall(r"\d+", version)[:2]
    except (OSError, ValueError, subprocess.SubprocessError):
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
