"""How a repository installs and tests itself, whatever its language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from bot.sandbox.port import CommandResult, Limits
from bot.settings import ResultFormat
from bot.types import ForgehandError, JsonModel

Verdict = Literal["passed", "failed", "error", "skipped"]


class ToolchainError(ForgehandError):
    """The repository cannot be installed or tested; the message says which command said what."""


class Checks(JsonModel):
    """``checks:`` of a repository's policy (design 9); None means: find out by looking."""

    setup: str | None = None
    test: str | None = None
    results: ResultFormat = "junit"
    minutes: float = 10.0


class TestCase(JsonModel):
    """One test's verdict.

    ``id`` is file, classes, suites and name, joined by ``::``, with ``#2``, ``#3`` where these are still equal. The
    runner takes it to run the test alone. ``phase`` tells where it failed. ``kind`` is ``doctest`` for an example in
    documentation, ``check`` for what a plugin says of a whole file (its style, its types).
    """

    __test__ = False

    id: str
    kind: Literal["test", "doctest", "check"] = "test"
    verdict: Verdict
    phase: Literal["collect", "setup", "call", "teardown"] = "call"
    message: str = ""
    seconds: float = 0.0


class TestRun(JsonModel):
    """One run of a test command.

    ``command`` is what a person would type; ``complete``: not cut short; ``notes`` are sentences about what the tree
    lacks, where something could not be loaded.
    """

    __test__ = False

    command: str
    cases: tuple[TestCase, ...]
    result: CommandResult
    complete: bool
    notes: tuple[str, ...] = ()

    def verdicts(self) -> dict[str, Verdict]:
        return {case.id: case.verdict for case in self.cases}

    @property
    def ran_any(self) -> bool:
        """Whether a test was reached: loading alone proves nothing."""
        return any(case.phase != "collect" for case in self.cases)

    @property
    def unloaded(self) -> tuple[str, ...]:
        """What could not be loaded: the ids are those of files, not of tests."""
        return tuple(case.id for case in self.cases if case.phase == "collect" and case.verdict == "error")


class Workspace(JsonModel):
    """Two directories: ``tree`` (the repository's files, shown as /work) and ``env`` (its installed dependencies)."""

    tree: Path
    env: Path


class Toolchain(Protocol):
    """Bound to one repository's policy. All commands run in the sandbox; only ``install`` has the proxy."""

    @property
    def name(self) -> str: ...

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Install dependencies into ``workspace.env``. Raises :class:`ToolchainError` with the command's last lines."""
        ...

    async def test(self, workspace: Workspace, targets: Sequence[str] = (), *, limits: Limits | None = None) -> TestRun:
        """Run the given files or test ids, or everything."""
        ...

    async def run(self, workspace: Workspace, command: str, *, limits: Limits) -> CommandResult:
        """A shell line in the environment the tests see: no network, dependencies read-only."""
        ...

    def is_test(self, path: str) -> bool:
        """Is this a test file or a file that configures tests (conftest.py, pytest.ini, tox.ini, ...)?"""
        ...

    def is_test_config(self, path: str) -> bool:
        """Does this file configure how tests run, or does the policy's test command run it, rather than hold tests?"""
        ...

    def targets(self, files: Sequence[str]) -> list[str]:
        """Return those of ``files`` that :meth:`test` is to be given: not the data and helpers of tests."""
        ...

    def new_test_path(self, paths: Sequence[str], near: str) -> str:
        """Where a new test for ``near`` would go, by this repository's own habits."""
        ...

    def shadows(self, path: str, env: Path) -> str | None:
        """Return why no NEW file may be made at ``path`` (POSIX, below the tree), as a sentence; None where it may.

        It would be imported in place of a module of the language's library, of one installed in ``env``, or of our
        reporter, or a runner would take it for another test of its name. A module the base has itself may be edited
        and added to. Blocking: directory look-ups.
        """
        ...
