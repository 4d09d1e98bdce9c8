"""Install and test one unit by its language's adapter, behind the toolchain's port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import CommandResult, Limits
from bot.toolchains import submodules
from bot.toolchains.coverage import Counter, Reports, open_reports
from bot.toolchains.events import Fold, Folded, Record
from bot.toolchains.installer import Installer
from bot.toolchains.language import Adapter, PathRules, Tools
from bot.toolchains.placeholders import is_run_by
from bot.toolchains.policy_line import fill_line
from bot.toolchains.port import (
    NOTHING,
    UNMEASURED,
    Completeness,
    Measurement,
    Program,
    TestRun,
    ToolchainError,
    Workspace,
)
from bot.toolchains.selection import keep_wanted, select
from bot.toolchains.session import Session, open_session

# Compilers and virtual machines need more beside their tests than an interpreter.
_LIMITS = Limits(memory_mb=4096, processes=512, tmp_mb=1024)


@dataclass(frozen=True)
class UnitToolchain:
    """Toolchain of one unit; ``tree`` is the base."""

    name: str
    paths: PathRules
    adapter: Adapter
    tools: Tools
    tree: Path
    counter: Counter | None = None

    def require(self) -> None:
        self.adapter.require()

    def is_test(self, path: str) -> bool:
        return self.paths.is_test(path) or self.is_test_config(path)

    def is_test_config(self, path: str) -> bool:
        line = self.tools.checks.test or self.adapter.unit.runner
        return self.paths.is_test_config(path) or is_run_by(line, path)

    def targets(self, files: Sequence[str]) -> list[str]:
        return self.paths.pick_targets(files)

    def new_test_path(self, existing: Sequence[str], near: str) -> str:
        return self.paths.new_test_path(existing, near, self.adapter.unit.root)

    def shadows(self, path: str, env: Path) -> str | None:
        """Return why no new file may be made at ``path`` (see the port)."""
        return self.paths.find_conflict(path, self.tree)

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Install dependencies (see the port)."""
        await asyncio.to_thread(self.require)
        return await Installer(self.adapter, self.tools).install(workspace)

    def counts(self, path: str, env: Path) -> bool:
        """Return whether lines of a file can be counted (see the port)."""
        return self.counter is not None and not self.tools.checks.test and self.counter.counts(path)

    async def test(
        self,
        workspace: Workspace,
        targets: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        counted: Mapping[str, str] = NOTHING,
    ) -> TestRun:
        """Run the given files or test ids (see the port).

        Reports only what was asked for, though a runner may have to run more.
        """
        seconds = limits.seconds if limits is not None else self.tools.checks.minutes * 60
        # a policy's own line goes to its folder itself
        root = "" if self.tools.checks.test else self.adapter.unit.root
        async with open_reports(counted) as reports, self._open(workspace, root, seconds, reports) as session:
            if self.tools.checks.test:
                return await self._test_by_policy(session, targets)
            outcome = await self.adapter.test(session, targets)
            folded = select(_fold(outcome.records, outcome.result), targets)
            hits = await asyncio.to_thread(reports.read, self.counter)
        is_whole = folded.completeness.ok and all(case.verdict != "error" for case in folded.cases)
        missing = () if is_whole else await asyncio.to_thread(submodules.describe_missing, self.tree)
        return TestRun(
            command=outcome.line,
            cases=folded.cases,
            result=outcome.result,
            completeness=folded.completeness,
            notes=(*outcome.notes, *missing),
            hits=hits,
        )

    async def _test_by_policy(self, session: Session, targets: Sequence[str]) -> TestRun:
        """Run the policy's own line, and read its results as the policy says."""
        tree = session.workspace.tree
        own = await asyncio.to_thread(fill_line, self.tools.checks, self.tools.folder, targets, tree)
        result = await session.run(own.argv)
        folded = await asyncio.to_thread(own.read, session.channel, result, tree)
        folded = keep_wanted(folded, targets, lambda case: True)
        return TestRun(command=own.shown, cases=folded.cases, result=result, completeness=folded.completeness)

    async def run(
        self, workspace: Workspace, command: str, *, limits: Limits, near: str = "", report: Path | None = None
    ) -> CommandResult:
        """Run a shell line where tests run (see the port)."""
        async with self._open(workspace, "", limits.seconds) as session:
            return await session.run(["/bin/sh", "-c", command], report=report)

    async def measure(self, workspace: Workspace, program: Program, *, limits: Limits) -> Measurement:
        """Raise :class:`ToolchainError`: only Python is measured so far."""
        raise ToolchainError(UNMEASURED.format(self.name))

    @asynccontextmanager
    async def _open(
        self, workspace: Workspace, root: str, seconds: float, reports: Reports | None = None
    ) -> AsyncIterator[Session]:
        counting = reports.mounts if reports is not None else []
        mounts = [*await asyncio.to_thread(self.adapter.mounts), *counting]
        counted = tuple(reports.texts) if reports is not None else ()
        limits = _LIMITS.model_copy(update={"seconds": seconds})
        env = self.adapter.environment()
        written = self.adapter.written
        async with open_session(
            root, workspace, limits, self.tools.sandbox, mounts=mounts, env=env, written=written, counted=counted
        ) as session:
            yield session


def _fold(records: Sequence[Record], result: CommandResult) -> Folded:
    try:
        return Fold().add(records).close(result)
    except ToolchainError as error:
        return Folded((), Completeness(ok=False, reason=error.message))
