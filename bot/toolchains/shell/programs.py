"""Find the bats of this machine."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError

MISSING = "bats is not here. Install bats 1.8 or newer (apt-get install bats)."
_OLDEST = (1, 8)


@dataclass(frozen=True)
class Bats:
    """Bats of the host, and the folder it is installed in."""

    program: Path
    version: str

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        root = self.program.parent.parent
        return [] if root.is_relative_to("/usr") else [Mount(source=root, target=str(root))]


@functools.cache
def find_bats() -> Bats | None:
    """Find the bats on PATH; None for one that is too old. Blocking."""
    program = shutil.which("bats")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=30, check=True, text=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)\.(\d+)[.\d]*", done.stdout)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
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
