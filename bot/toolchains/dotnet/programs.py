"""Find the .NET SDK of this machine."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError

# --artifacts-path came with it: https://learn.microsoft.com/dotnet/core/sdk/artifacts-output
_OLDEST = 8
MISSING = "dotnet is not here. Install the .NET SDK 8 or newer (https://dotnet.microsoft.com/download)."


@dataclass(frozen=True)
class Dotnet:
    """SDK of the host, and the folder it is installed in."""

    root: Path
    version: str

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        return [] if self.root.is_relative_to("/usr") else [Mount(source=self.root, target=str(self.root))]


@functools.cache
def find_dotnet() -> Dotnet | None:
    """Find the dotnet on PATH; None for one that is too old. Blocking."""
    program = shutil.which("dotnet")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "--list-sdks"], capture_output=True, timeout=60, check=True, text=True)
    except (OSError, subprocess.SubprocessError):
        return None
    # the last is the newest: 8.0.404 [/usr/share/dotnet/sdk]
    found = re.findall(r"^((\d+)\.\d+\S*) \[", done.stdout, re.MULTILINE)
    if not found or int(found[-1][1]) < _OLDEST:
        return None
    return Dotnet(Path(program).resolve().parent, found[-1][0])


def require_dotnet() -> Dotnet:
    """Return the dotnet on PATH, or raise :class:`ToolchainError`. Blocking."""
    dotnet = find_dotnet()
    if dotnet is None:
        raise ToolchainError(MISSING)
    return dotnet


def describe_version() -> str:
    """Name this machine's SDK, or what brings one, for ``doctor``. Blocking."""
    dotnet = find_dotnet()
    return f"no .NET: {MISSING}" if dotnet is None else f".NET SDK {dotnet.version} (Forgehand was never run with one)"
