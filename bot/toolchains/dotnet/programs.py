"""Find the .NET SDK of this machine."""

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
        return mount_installed(self.root)


@functools.cache
def find_dotnet() -> Dotnet | None:
    """Find the dotnet on PATH; None for one that is too old. Blocking."""
    program = shutil.which("dotnet")
    # the last is the newest: 8.0.404 [/usr/share/dotnet/sdk]
    lines = "\n".join(ask_program("dotnet", "--list-sdks") or ())
    found = re.findall(r"^((\d+)\.\d+\S*) \[", lines, re.MULTILINE)
    if program is None or not found or int(found[-1][1]) < _OLDEST:
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
