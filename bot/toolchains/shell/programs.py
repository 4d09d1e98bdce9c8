"""Find the bats of this machine."""

from __future__ import annotations

import functools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError
from bot.toolchains.programs import ask_program

MISSING = "bats is not here. Install bats 1.8 or newer (apt-get install bats)."
_OLDEST = (1, 8)


@dataclass(frozen=True)
class Bats:
    """Bats of the host, and the folder it is installed in."""

    program: Path
    version: str

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        return mount_installed(self.program.parent.parent)


@functools.cache
def find_bats() -> Bats | None:
    """Find the bats on PATH; None for one that is too old. Blocking."""
    program = shutil.which("bats")
    found = re.search(r"(\d+)\.(\d+)[.\d]*", " ".join(ask_program("bats", "--version") or ()))
    if program is None or found is None or (int(found[1]), int(found[2])) < _OLDEST:
        return None
    return Bats(Path(program).resolve(), found[0])


def require_bats() -> Bats:
    """Return the bats on PATH, or raise :class:`ToolchainError`. Blocking."""
    bats = find_bats()
    if bats is None:
        raise ToolchainError(MISSING)
    return bats


def describe_version() -> str:
    """Name this machine's bats, or what brings one, for ``doctor``. Blocking."""
    bats = find_bats()
    return f"no shell tests: {MISSING}" if bats is None else f"bats {bats.version}"
