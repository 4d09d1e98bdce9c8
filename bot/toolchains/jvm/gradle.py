"""Run the tests of a Gradle build by the machine's Gradle; a wrapper's own is not fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.installer import render
from bot.toolchains.jvm.programs import INSIDE, list_mounts, make_environment, require_jdk, require_tool
from bot.toolchains.jvm.report import Report
from bot.toolchains.jvm.sources import Sources, read_projects
from bot.toolchains.language import Install, Outcome
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit

_HOME = "gradle"
_GRADLE = ["gradle", "--no-daemon", "--console=plain", "--no-build-cache", "-I", f"{INSIDE}/forgehand.gradle"]
# No class has this name: everything is fetched and built, and no test runs.
_NO_TEST = "forgehandReachesNoTest"


@dataclass(frozen=True)
class GradleAdapter:
    """Adapter of one build; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = (_HOME,)

    def require(self) -> None:
        require_tool("gradle")
        require_jdk()

    def mounts(self) -> Sequence[Mount]:
        return list_mounts("gradle")

    def environment(self) -> Mapping[str, str]:
        return {**make_environment("gradle"), "GRADLE_USER_HOME": f"{ENV}/{_HOME}", "FORGEHAND_MIRROR": ""}

    def plan_install(self) -> Install:
        """Fetch what a test run asks for, by one that reaches no test."""
        command = [*_GRADLE, "test", "--tests", _NO_TEST]
        return Install([[["/bin/sh", f"{INSIDE}/install.sh", self.unit.root or ".", *command]]])

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the classes of the targets' files, or all."""
        files = await asyncio.to_thread(read_projects, session.workspace.tree, self.unit.root)
        sources = Sources(files)
        wanted = sources.select(targets)
        names = [name for file in wanted for name in file.classes] or [_NO_TEST] if targets else []
        # nested classes are classes of their own
        patterns = [part for name in names for pattern in (name, f"{name}$*") for part in ("--tests", pattern)]
        report = Report(sources, wanted, bool(targets))
        done = await session.record([*_GRADLE, "--offline", "--continue", "test", *patterns])
        report.add(done.records, done.result)
        shown = [part for name in names for part in ("--tests", name)]
        line = render(["gradle", "test", *shown], self.unit.root)
        return Outcome(line, done.result, report.list_records(failed=not done.result.ok))
