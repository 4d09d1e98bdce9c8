"""Find the Elixir of this machine."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError
from bot.toolchains.programs import ask_program

MISSING = "elixir is not here. Install Elixir 1.14 or newer (apt-get install elixir)."
_ASK = "IO.puts(System.version()); IO.puts(:code.root_dir()); IO.puts(:code.lib_dir(:elixir))"
_OLDEST = (1, 14)


@dataclass(frozen=True)
class Elixir:
    """Elixir of the host, and where it and its Erlang are installed."""

    version: tuple[int, int]
    roots: tuple[Path, ...]

    @property
    def text(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for those in /usr."""
        return mount_installed(*self.roots)


@functools.cache
def find_elixir() -> Elixir | None:
    """Find the elixir on PATH; None for one that is too old. Blocking."""
    try:
        text, erlang, library = ask_program("elixir", "-e", _ASK) or []
        major, minor = (int(part) for part in re.findall(r"\d+", text)[:2])
    except ValueError:
        return None
    found = Elixir((major, minor), (Path(erlang), Path(library).parent.parent))
    return found if found.version >= _OLDEST else None


def require_elixir() -> Elixir:
    """Return the elixir on PATH, or raise :class:`ToolchainError`. Blocking."""
    elixir = find_elixir()
    if elixir is None:
        raise ToolchainError(MISSING)
    return elixir


def describe_version() -> str:
    """Name this machine's Elixir, or what brings one. Blocking."""
    elixir = find_elixir()
    return f"no Elixir: {MISSING}" if elixir is None else f"elixir {elixir.text}"
