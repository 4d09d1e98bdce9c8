"""Find the Rust of this machine."""

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

Version = tuple[int, int]
OLDEST: Version = (1, 63)
MISSING = "cargo is not here. Install Rust 1.63 or newer (apt-get install cargo, or https://rustup.rs)."
_NO_LINKER = "cc is not here, which Rust links programs with. Install it (apt-get install gcc)."


@dataclass(frozen=True)
class Rust:
    """Rust of the host: where it is installed, and its libraries."""

    root: Path
    libraries: Path
    version: Version
    nightly: bool

    @property
    def text(self) -> str:
        return write_version(self.version) + (" (nightly)" if self.nightly else "")

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        return mount_installed(self.root)


@functools.cache
def find_rust() -> Rust | None:
    """Find the Rust on PATH. Blocking.

    With rustup, what is on PATH only starts the programs of a toolchain, by files of the folder it is started in.
    """
    try:
        (version,) = ask_program("rustc", "--version", cwd="/") or []
        root, libraries = ask_program("rustc", "--print", "sysroot", "--print", "target-libdir", cwd="/") or []
        major, minor = re.findall(r"\d+", version)[:2]
    except ValueError:
        return None
    found = Rust(Path(root), Path(libraries), (int(major), int(minor)), "nightly" in version)
    return found if (found.root / "bin" / "cargo").exists() else None


def require_rust() -> Rust:
    """Return the Rust on PATH, or raise :class:`ToolchainError`. Blocking."""
    rust = find_rust()
    if rust is None or rust.version < OLDEST:
        raise ToolchainError(MISSING)
    if shutil.which("cc") is None:
        raise ToolchainError(_NO_LINKER)
    return rust


def describe_version() -> str:
    """Name this machine's Rust, or what brings one, for ``doctor``. Blocking."""
    rust = find_rust()
    return f"no Rust: {MISSING}" if rust is None else f"rust {rust.text}"


def write_version(version: Version) -> str:
    """Write a version as people do."""
    return f"{version[0]}.{version[1]}"
