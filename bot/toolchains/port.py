"""Define how a repository is installed and tested in any language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from bot.sandbox.port import CommandResult, Limits
from bot.types import ForgehandError, JsonModel

Verdict = Literal["passed", "failed", "error", "skipped"]
Phase = Literal["build", "collect", "setup", "call", "teardown", "crash", "timeout"]
# Path in the tree to line, from 1, to how often it ran; lines that are not told are not known to hold code.
Hits = dict[str, dict[int, int]]


NOTHING: Mapping[str, str] = {}
UNMEASURED = "Only Python code can be measured so far; this part of the repository is written in {}."


class ToolchainError(ForgehandError):
    """Failure to install or test: which command wrote what."""


class RaisedError(JsonModel):
    """Exception that a runner reports.

    ``path`` is the innermost file of the repository it came through. ``genuine``: that file really contains the code
    that raised or called what did. A path alone may be made up.
    """

    type: str
    message: str = ""
    path: str = ""
    genuine: bool = False


class TestCase(JsonModel):
    """Test with its verdict.

    ``id`` is file, classes, suites and name, joined by ``::``, with ``#2``, ``#3`` where these are still equal. The
    runner takes it to run the test alone. ``phase`` tells where it failed; ``crash`` and ``timeout`` are of tests that
    began and never ended, and of files that ended their process. ``kind`` is ``doctest`` for an example in
    documentation, ``check`` for what a plugin checks of a whole file (its style, its types).
    """

    __test__ = False

    id: str
    kind: Literal["test", "doctest", "check"] = "test"
    verdict: Verdict
    phase: Phase = "call"
    message: str = ""
    seconds: float = 0.0
    # the exception that ended it, then its causes
    raised: tuple[RaisedError, ...] = ()


class Completeness(JsonModel):
    """Agreement of a run's plan, cases and exit, or the lack of it.

    ``reason`` is a sentence for people, "" where they do. ``lost`` are the ids of tests that were planned or begun and
    have no verdict, ``culprits`` what was running when they were lost.
    """

    ok: bool
    reason: str = ""
    lost: tuple[str, ...] = ()
    culprits: tuple[str, ...] = ()


class TestRun(JsonModel):
    """Run of a test command.

    ``command`` is what a person would type; ``notes`` are sentences about what the tree lacks and its tests may need.
    ``hits`` are of the files that were to be counted, as far as the tests' own processes ran them.
    """

    __test__ = False

    command: str
    cases: tuple[TestCase, ...]
    result: CommandResult
    completeness: Completeness
    notes: tuple[str, ...] = ()
    hits: Hits = Field(default={})

    @property
    def complete(self) -> bool:
        """Return whether the verdicts can be believed: no test was lost."""
        return self.completeness.ok

    def verdicts(self) -> dict[str, Verdict]:
        return {case.id: case.verdict for case in self.cases}

    @property
    def ran_any(self) -> bool:
        """Return whether a test was reached: loading alone proves nothing."""
        return any(case.phase not in ("collect", "build") for case in self.cases)

    @property
    def unloaded(self) -> tuple[str, ...]:
        """Return the ids of what could not be loaded: files, not tests."""
        return tuple(case.id for case in self.cases if case.phase == "collect" and case.verdict == "error")


class Program(JsonModel):
    """Measuring program of ours, run among the packages of a repository.

    ``folder`` is shown inside and imported from; its ``module`` takes the key of the records before anything of the
    repository is imported. ``argv`` follows the interpreter; ``plan`` is laid beside the key.
    """

    folder: Path
    module: str
    argv: tuple[str, ...]
    plan: str = ""


class Measurement(JsonModel):
    """Records that a program signed, up to the first that it did not."""

    result: CommandResult
    records: tuple[dict[str, Any], ...]


class Workspace(JsonModel):
    """Directories of a checkout.

    ``tree`` holds the repository's files, shown as /work, ``env`` its installed dependencies.
    """

    tree: Path
    env: Path


class Toolchain(Protocol):
    """Way of a language to install and test, bound to one policy.

    All commands run in the sandbox; only ``install`` has the proxy.
    """

    @property
    def name(self) -> str: ...

    def require(self) -> None:
        """Raise :class:`ToolchainError` for what this machine lacks. Blocking."""
        ...

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Install dependencies into ``workspace.env``.

        Returns the commands that ran, failed attempts included. Raises :class:`ToolchainError` with the last lines.
        """
        ...

    async def test(
        self,
        workspace: Workspace,
        targets: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        counted: Mapping[str, str] = NOTHING,
    ) -> TestRun:
        """Run the given files or test ids, or everything.

        ``counted`` are files, with their texts, that :meth:`counts`: how often their lines run is told too. Raises
        :class:`ToolchainError` where that cannot be read.
        """
        ...

    def counts(self, path: str, env: Path) -> bool:
        """Return whether :meth:`test` can count the lines of a file. Blocking."""
        ...

    async def run(
        self, workspace: Workspace, command: str, *, limits: Limits, near: str = "", report: Path | None = None
    ) -> CommandResult:
        """Run a shell line where tests run: no network, read-only dependencies.

        ``near``: a path whose tests are meant. ``report``: a file to make of what it prints (see the sandbox's port).
        """
        ...

    async def measure(self, workspace: Workspace, program: Program, *, limits: Limits) -> Measurement:
        """Run a measuring program where tests run: only Python is measured so far.

        Raises :class:`ToolchainError` for another language.
        """
        ...

    def is_test(self, path: str) -> bool:
        """Return whether a path is a test or configures tests.

        Examples are ``tests/test_a.py``, ``conftest.py`` and ``tox.ini``.
        """
        ...

    def is_test_config(self, path: str) -> bool:
        """Return whether a file configures how tests run.

        A script that the policy's test command runs counts as configuration.
        """
        ...

    def targets(self, files: Sequence[str]) -> list[str]:
        """Return the files :meth:`test` is given, without data and helpers."""
        ...

    def new_test_path(self, paths: Sequence[str], near: str) -> str:
        """Return a path for a new test of ``near``, by the repository's habits."""
        ...

    def shadows(self, path: str, env: Path) -> str | None:
        """Return why no new file may be made at ``path``; None where it may.

        ``path`` is POSIX, below the tree; the reason is a sentence. The file would be imported in place of a module of
        the language's library, of one installed in ``env``, or of our reporter, or a runner would take it for another
        test of its name. A module the base has itself may be edited and added to. Blocking: directory look-ups.
        """
        ...
