"""Define what a language brings: rules of its paths, its units, and an adapter for each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from bot.sandbox.port import CommandResult, Mount, Sandbox
from bot.settings import FolderChecks, Settings
from bot.toolchains.events import Record
from bot.toolchains.port import Toolchain
from bot.toolchains.session import Session, run_in
from bot.toolchains.units import Unit


class PathNames(Protocol):
    """Rules that tell a language's paths apart, by names alone."""

    def is_source(self, path: str) -> bool:
        """Return whether a path is written in the language."""
        ...

    def is_test(self, path: str) -> bool:
        """Return whether a path is a test, its data or its configuration."""
        ...

    def is_test_config(self, path: str) -> bool:
        """Return whether a file decides how tests are built or run."""
        ...


class PathRules(PathNames, Protocol):
    """All rules of paths that a unit's toolchain needs; a module can be one."""

    def pick_targets(self, paths: Sequence[str]) -> list[str]:
        """Return the paths a runner is given, without data and helpers."""
        ...

    def new_test_path(self, paths: Sequence[str], near: str, root: str) -> str:
        """Return a path not in ``paths`` for a new test of ``near`` in a unit."""
        ...

    def find_conflict(self, path: str, tree: Path) -> str | None:
        """Return why no new file may be made at ``path``; None where it may."""
        ...


class Outcome(NamedTuple):
    """Result of a runner: the line a person would type, what ran, its records.

    ``notes`` are sentences for those who read the result.
    """

    line: str
    result: CommandResult
    records: Sequence[Record]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Install:
    """Commands that install a unit.

    ``attempts``: the first whose steps all succeed stands; none: nothing needs installing. ``env`` is set beside the
    adapter's own, ``{proxy}`` in it is the proxy's address; ``authorities`` are variables that name a file of
    certificates.
    """

    attempts: Sequence[Sequence[Sequence[str]]] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    authorities: tuple[str, ...] = ()


class Adapter(Protocol):
    """Commands of one unit, and how their report is read.

    ``written`` are folders below the environment that test runs write to: each run has copies of its own.
    """

    @property
    def unit(self) -> Unit: ...

    @property
    def written(self) -> tuple[str, ...]: ...

    def require(self) -> None:
        """Raise :class:`ToolchainError` for what this machine lacks. Blocking."""
        ...

    def mounts(self) -> Sequence[Mount]:
        """Return what of the host its programs need, beside /usr. Blocking."""
        ...

    def environment(self) -> Mapping[str, str]:
        """Return the variables of every command."""
        ...

    def plan_install(self) -> Install:
        """Return how the unit is installed. Blocking: reads the tree."""
        ...

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the files or ids, or everything."""
        ...


@dataclass(frozen=True)
class Tools:
    """Things that the toolchains of a folder are made with.

    ``checks`` are the folder's own, where ``folder`` is set. ``elsewhere`` are folders within it that have others.
    """

    sandbox: Sandbox
    checks: FolderChecks
    settings: Settings
    folder: str = ""
    elsewhere: tuple[str, ...] = ()

    def holds(self, unit: Unit) -> bool:
        """Return whether the checks are those of a unit."""
        within = Unit(root=self.folder, toolchain=unit.toolchain).holds(unit.root)
        return within and not any(f"{unit.root}/".startswith(f"{one}/") for one in self.elsewhere)

    @property
    def setup(self) -> list[str]:
        """Return the policy's own command that installs, or nothing."""
        return run_in(self.folder, ["/bin/sh", "-c", self.checks.setup]) if self.checks.setup else []


@dataclass(frozen=True)
class Part:
    """Unit, what works on it, and the folder that it is installed for.

    ``checks`` are those of the policy for ``folder``, "" for the repository's.
    """

    unit: Unit
    toolchain: Toolchain
    home: str = ""
    folder: str = ""
    checks: FolderChecks = field(default_factory=FolderChecks)

    @property
    def slug(self) -> str:
        """Return the name of its environment's folder."""
        return re.sub(r"[^A-Za-z0-9]+", "-", f"{self.unit.toolchain}-{self.home}").strip("-")

    @property
    def place(self) -> str:
        """Return in words where it is."""
        return f"`{self.unit.root}` ({self.unit.toolchain})" if self.unit.root else f"the {self.unit.toolchain} part"


@dataclass(frozen=True)
class Language:
    """One language: its name, its rules of paths, and how its parts are found.

    All block. ``describe`` says for ``doctor`` what this machine has of it, or what brings it. ``decide`` returns, for
    a tree and the blobs of its files, which of them decide what is installed; None: any file may. ``find_hidden``
    returns why a file may not hold a text in a tree: classes of it would take the place of others.
    """

    name: str
    paths: PathNames
    find_parts: Callable[[Path, Tools], Sequence[Part]]
    describe: Callable[[], str]
    decide: Callable[[Path, Mapping[str, str]], str] | None = None
    find_hidden: Callable[[str, str, Path], str | None] | None = None
