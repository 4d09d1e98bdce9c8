"""Find the Ruby of this machine."""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError
from bot.toolchains.programs import ask_program

MISSING = "ruby is not here. Install Ruby 3.0 or newer (apt-get install ruby bundler)."
_ASK = "puts RbConfig::CONFIG['prefix'], RUBY_VERSION, RbConfig::CONFIG['rubylibdir']"
_OLDEST = 3
# What a repository without a Gemfile takes from the machine.
_PACKAGES = {"rspec": "ruby-rspec", "minitest": "ruby-minitest", "test-unit": "ruby-test-unit"}
_FILES = {"rspec": "rspec/core", "minitest": "minitest", "test-unit": "test/unit"}


@dataclass(frozen=True)
class Ruby:
    """Ruby of the host: where it is installed, and its own library."""

    root: Path
    version: str
    library: Path

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        return mount_installed(self.root)


@functools.cache
def find_ruby() -> Ruby | None:
    """Find the ruby on PATH; None for one that is too old. Blocking."""
    lines = ask_program("ruby", "-e", _ASK)
    if lines is None or len(lines) != 3 or int(lines[1].partition(".")[0]) < _OLDEST:
        return None
    return Ruby(Path(lines[0]).resolve(), lines[1], Path(lines[2]))


@functools.cache
def has_runner(name: str) -> bool:
    """Return whether this machine's Ruby itself brings a runner. Blocking."""
    # loaded, test-unit would run what tests it finds
    return ask_program("ruby", "-e", f"require '{_FILES[name]}'; exit!(true)") is not None


def require_ruby() -> Ruby:
    """Return the ruby on PATH, or raise :class:`ToolchainError`. Blocking."""
    ruby = find_ruby()
    if ruby is None:
        raise ToolchainError(MISSING)
    return ruby


def require_runner(name: str) -> None:
    """Require a runner of the machine's own. Blocking."""
    if not has_runner(name):
        raise ToolchainError(
            f"The repository has no Gemfile, and {name} is not here. Install it (apt-get install {_PACKAGES[name]})."
        )


def require_bundler() -> None:
    """Require Bundler, which installs a Gemfile. Blocking."""
    if shutil.which("bundle") is None:
        raise ToolchainError("bundler, which installs the Gemfile, is not here. Install it (apt-get install bundler).")


def describe_version() -> str:
    """Name this machine's Ruby, or what brings one, for ``doctor``. Blocking."""
    ruby = find_ruby()
    if ruby is None:
        return f"no Ruby: {MISSING}"
    more = "bundler" if shutil.which("bundle") else "no bundler, so only what needs no gems (apt-get install bundler)"
    return f"ruby {ruby.version} with {more}"
