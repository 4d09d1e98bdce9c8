"""Run the tests of a Maven build."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import CommandResult, Mount
from bot.toolchains.events import Record
from bot.toolchains.installer import render
from bot.toolchains.jvm.programs import INSIDE, list_mounts, make_environment, require_jdk, require_tool
from bot.toolchains.jvm.report import Report
from bot.toolchains.jvm.sources import Sources, read_files, read_modules, read_text
from bot.toolchains.jvm.surefire import read_reports
from bot.toolchains.language import Install, Outcome
from bot.toolchains.port import ToolchainError
from bot.toolchains.rounds import join_results
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit

_REPORTS = "target/surefire-reports"
_NEEDED = re.compile(r"<(?:maven\.compiler\.(?:release|target|source)|java\.version|release)>\s*(?:1\.)?(\d+)\s*<")
# A selection that matches nothing in one module of several is no failure, and no test runs twice.
_SELECTION = ["-Dsurefire.failIfNoSpecifiedTests=false", "-DfailIfNoTests=false", "-Dsurefire.rerunFailingTestsCount=0"]
_MAVEN = [
    "mvn", "-B", "-ntp", "-s", f"{ENV}/settings.xml", "-gs", f"{ENV}/settings.xml", f"-Dmaven.repo.local={ENV}/m2",
    *_SELECTION,
]  # fmt: skip
# Reports of an earlier run would be read as this one's.
_FRESH = ["/bin/sh", "-c", f'find . -path "*/{_REPORTS}" -prune -exec rm -rf {{}} + && exec "$@"', "sh"]
# No test has this name: its class is found, and nothing of it runs.
_NO_TEST = "forgehandReachesNoTest"
# A test that ends its process keeps others from running: these are run again without it, at most so often.
_ROUNDS = 4


@dataclass(frozen=True)
class MavenAdapter:
    """Adapter of one build; ``tree`` is the base, ``mirror`` the operator's."""

    unit: Unit
    tree: Path
    mirror: str
    written: tuple[str, ...] = ()

    def require(self) -> None:
        """Require Maven and a JDK as new as the build asks."""
        require_tool("mvn")
        here = require_jdk().version
        needed = max(map(int, _NEEDED.findall(read_text(self.tree / self.unit.root / "pom.xml"))), default=0)
        if needed > here:
            raise ToolchainError(f"The repository needs Java {needed}; this machine has {here}.")

    def mounts(self) -> Sequence[Mount]:
        return list_mounts("mvn")

    def environment(self) -> Mapping[str, str]:
        return {**make_environment("mvn"), "FORGEHAND_MIRROR": self.mirror}

    def plan_install(self) -> Install:
        """Fetch what a test run asks for, by one that reaches no test.

        Surefire fetches its providers only then. What cannot be compiled is for the tests to tell.
        """
        files = read_files(self.tree, read_modules(self.tree, self.unit.root))
        first = {file.module: file.classes[0] for file in reversed(files) if file.classes}
        chosen = ",".join(f"{name}#{_NO_TEST}" for name in first.values())
        lenient = ["-Dmaven.compiler.failOnError=false", "-Dmaven.test.failure.ignore=true"]
        command = [*_MAVEN, *lenient, f"-Dtest={chosen or _NO_TEST}", "test"]
        # the script goes to the unit's folder itself
        return Install([[["/bin/sh", f"{INSIDE}/install.sh", self.unit.root or ".", *command]]])

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the classes of the targets' files, or all.

        Those that others kept from running are run again.
        """
        tree = session.workspace.tree
        modules = await asyncio.to_thread(read_modules, tree, self.unit.root)
        files = await asyncio.to_thread(read_files, tree, modules)
        sources = Sources(files)
        wanted = sources.select(targets)
        report = Report(sources, wanted, bool(targets))
        names = [name for file in wanted for name in file.classes] or [_NO_TEST] if targets else []
        places = sorted({file.module for file in wanted}) if targets else []
        line = render(["mvn", *([f"-Dtest={','.join(names)}"] if names else []), "test"], self.unit.root)
        runs: list[CommandResult] = []
        seen = 0
        while len(runs) < _ROUNDS and (names or not runs):
            runs.append(await session.run([*_FRESH, *self._write(names, places)]))
            each = await asyncio.to_thread(session.channel.read_each)
            records = [record for own in each[seen:] for record in own]
            seen = len(each)
            if not records:
                records = await asyncio.to_thread(_read_xml, tree, modules)
                report.unplanned |= bool(records)
            report.add(records, runs[-1])
            left = report.list_unreached() if runs[-1].ended == "exit" and not runs[-1].ok else []
            names = left if left != names else []
        return Outcome(line, join_results(runs), report.list_records(failed=not runs[-1].ok))

    def _write(self, names: Sequence[str], modules: Sequence[str]) -> list[str]:
        """Write the command for classes or methods.

        Modules come with those that they need.
        """
        listener = f"-Dmaven.test.additionalClasspath={ENV}/listener"
        places = [posixpath.relpath(module or ".", self.unit.root or ".") for module in modules]
        chosen = [f"-Dtest={','.join(names)}"] if names else []
        chosen += ["-pl", ",".join(places), "-am"] if any(place != "." for place in places) else []
        return [*_MAVEN, "-o", "-fae", listener, *chosen, "test"]


def _read_xml(tree: Path, modules: Sequence[str]) -> list[Record]:
    return [record for module in modules for record in read_reports(tree, module, _REPORTS)]
