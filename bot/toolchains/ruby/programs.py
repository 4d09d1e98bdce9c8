"""Find the Ruby of this machine."""

from __future__ import annotations

import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.port import ToolchainError

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
        return [] if self.root.is_relative_to("/usr") else [Mount(source=self.root, target=str(self.root))]


@functools.cache
def find_ruby() -> Ruby | None:
    """Find the ruby on PATH; None for one that is too old. Blocking."""
    lines = _ask(_ASK)
    if lines is None or len(lines) != 3 or int(lines[1].partition(".")[0]) < _OLDEST:
        return None
    return Ruby(Path(lines[0]).resolve(), lines[1], Path(lines[2]))


@functools.cache
def has_runner(name: str) -> bool:
    """Return whether this machine's Ruby itself brings a runner. Blocking."""
    # loaded, test-unit would run what tests it finds
    return _ask(f"require '{_FILES[name]}'; exit!(true)") is not None


def _ask(script: str) -> list[str] | None:
    program = shutil.which("ruby")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "-e", script], capture_output=True, timeout=30, check=True, text=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.splitlines()


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
