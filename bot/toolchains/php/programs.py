"""Find the PHP of this machine, and its own PHPUnit."""

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

MISSING = "php is not here. Install PHP 8.0 or newer (apt-get install php-cli php-xml php-mbstring)."
_ASK = "echo PHP_BINARY, PHP_EOL, PHP_VERSION, PHP_EOL, extension_loaded('dom') && extension_loaded('mbstring');"
# Debian keeps there which extensions are loaded.
_SETTINGS = Path("/etc/php")
_OLDEST = 8


@dataclass(frozen=True)
class Php:
    """PHP of the host."""

    root: Path
    version: str

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run, its settings among them."""
        return mount_installed(self.root, *([_SETTINGS] if _SETTINGS.is_dir() else []))


@functools.cache
def find_php() -> Php | None:
    """Find the php on PATH; None for one that cannot run PHPUnit. Blocking."""
    lines = ask_program("php", "-r", _ASK)
    if lines is None or len(lines) != 3 or lines[2] != "1" or int(lines[1].partition(".")[0]) < _OLDEST:
        return None
    return Php(Path(lines[0]).resolve().parent.parent, lines[1])


@functools.cache
def find_phpunit() -> int | None:
    """Return the major version of the machine's own PHPUnit. Blocking."""
    found = re.search(r"PHPUnit (\d+)\.", " ".join(ask_program("phpunit", "--version") or []))
    return int(found[1]) if found is not None else None


@functools.cache
def has_pcov() -> bool:
    """Return whether PHP can count lines (php-pcov). Blocking."""
    return ask_program("php", "-r", "echo extension_loaded('pcov');") == ["1"]


def require_php() -> Php:
    """Return the php on PATH, or raise :class:`ToolchainError`. Blocking."""
    php = find_php()
    if php is None:
        raise ToolchainError(MISSING)
    return php


def describe_version() -> str:
    """Name this machine's PHP, or what brings one, for ``doctor``. Blocking."""
    php = find_php()
    if php is None:
        return f"no PHP: {MISSING}"
    lacking = [name for name in ("composer", "phpunit") if shutil.which(name) is None]
    return f"php {php.version}" + (f" without {' and '.join(lacking)} (apt-get install)" if lacking else "")
