"""Define what a build system brings: how it configures, what it says of itself, how it runs tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bot.toolchains.cpp.processes import Told
from bot.toolchains.cpp.registered import Registered
from bot.toolchains.cpp.report import Process
from bot.toolchains.cpp.targets import Build
from bot.toolchains.session import ENV, Session

# Where all is built, out of the tree: the same place in install and test, because it stands in what is built.
FOLDER = "build"
BUILD = f"{ENV}/{FOLDER}"


class BuildSystem(Protocol):
    """Build system that makes files for Ninja.

    ``build_file`` is the name of its files; ``configuring`` configures again in the unit's folder, ``describing`` is a
    shell line that prints what :meth:`read_build` reads.
    """

    @property
    def build_file(self) -> str: ...

    @property
    def configuring(self) -> Sequence[str]: ...

    @property
    def describing(self) -> str: ...

    def require(self) -> None:
        """Raise :class:`ToolchainError` for what this machine lacks. Blocking."""
        ...

    def list_configure_steps(self, root: Path) -> list[list[str]]:
        """Return the commands that configure first. Blocking: reads files."""
        ...

    def read_build(self, described: bytes, root: str) -> Build:
        """Read what the build says of itself."""
        ...

    async def plan(self, session: Session) -> list[Registered]:
        """Return the tests that are registered."""
        ...

    async def run(self, session: Session, processes: Sequence[Process]) -> Told:
        """Run registered tests, one after another."""
        ...

    def render(self, names: Sequence[str]) -> list[str]:
        """Return the words that a person would type; no names: everything."""
        ...
