"""Run the programs of tests that cargo built, and make records of what they tell."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from bot.sandbox.port import WORK, CommandResult
from bot.toolchains.events import TEXT, Case, End, Plan, Problem, Record, Start
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.port import Phase, TestCase, ToolchainError, Verdict
from bot.toolchains.results import read_bounded
from bot.toolchains.rounds import Round, run_rounds
from bot.toolchains.rust.report import Suite, read_listing, read_suite
from bot.toolchains.rust.targets import Target
from bot.toolchains.session import Session, run_in

_JSON = ["-Z", "unstable-options", "--format", "json"]
# Runs each test in a process of its own, as cargo-nextest does; each has its report, and the logs become one.
_APART = """program=$1; log=$2; shift 2; ended=0
for name; do
  "$program" -Z unstable-options --format json --logfile="$log.one" --exact "$name" || ended=101
  cat "$log.one" >>"$log"
done
exit $ended"""
# Exit codes from here on are signals, as a shell tells them.
_SIGNALS = 128

# Whether a test, by its id, is asked for.
Wanted = Callable[[str], bool]


@dataclass
class Runner:
    """Runner of built programs: it keeps their results and records.

    ``apart``: each test has a process of its own.
    """

    session: Session
    wanted: Wanted
    filtered: bool
    apart: bool
    results: list[CommandResult] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    cut_short: bool = False

    @property
    def stopped(self) -> bool:
        """Return whether a command was stopped: no time or memory is left."""
        return bool(self.results) and self.results[-1].ended != "exit"

    async def _run(self, target: Target, argv: Sequence[str]) -> tuple[CommandResult, bytes]:
        """Run a program as cargo does: in its package's folder."""
        variables = {
            "CARGO_MANIFEST_DIR": posixpath.join(WORK, target.folder).rstrip("/"),
            "CARGO_PKG_NAME": target.package,
            "CARGO_PKG_VERSION": target.version,
            **({"RUSTC_BOOTSTRAP": "1"} if target.harness else {}),
        }
        name = f"rust-{len(self.results)}.json"
        folder = posixpath.join(WORK, target.folder)
        result = await self.session.run(run_in(folder, argv), report=name, env=variables)
        self.results.append(result)
        return result, await asyncio.to_thread(self.session.read_report, name)

    async def run_own(self, target: Target, program: str) -> None:
        """Run a program with a main function of its own, by its exit code."""
        id = f"{target.root}::{target.name}"
        if not self.wanted(id):
            return
        self.records += [Plan(id=id), Start(id=id)]
        result, output = await self._run(target, [program])
        if result.ended != "exit" or result.exit_code is None:
            return
        signalled = not 0 <= result.exit_code < _SIGNALS
        verdict: Verdict = "failed" if result.exit_code else "passed"
        phase: Phase = "call"
        if signalled:
            verdict, phase = "error", "crash"
        text = f"{output.decode(errors='replace')}{result.output}".strip()[-TEXT:] if verdict != "passed" else ""
        self.records.append(Case(case=TestCase(id=id, verdict=verdict, phase=phase, message=text)))

    async def run_tests(self, target: Target, program: str) -> None:
        """Run a program's wanted tests, those behind a crash too."""
        result, output = await self._run(target, [program, "--list"])
        if not result.ok:
            self._tell_problem(target, "setup", result.output or "Its tests could not be listed.")
            return
        names = [name for name in read_listing(output) if self.wanted(target.write_id(name))]
        plans = [Plan(id=target.write_id(name), key=write_key(target, name)) for name in names]

        async def run(left: Sequence[Plan]) -> Round:
            chosen = left or (plans if self.filtered or self.apart else [])
            suite, result = await self._run_suite(target, program, [_read_key(plan.key) for plan in chosen], bool(left))
            # where several ran as their process ended, they run again, one after another, and the one shows
            parallel = not (left or self.apart) and result.ended == "exit" and len(suite.opened) > 1
            unsure = set(suite.opened) if parallel else set()
            return Round(result, [*plans, *_list_records(target, suite, unsure), *_list_ends(target, suite, result)])

        if plans:
            told = await run_rounds(run)
            self.records += [record for record in told.records if not isinstance(record, End)]
            self.cut_short |= not told.ended

    async def _run_suite(
        self, target: Target, program: str, names: Sequence[str], single: bool
    ) -> tuple[Suite, CommandResult]:
        """Run tests of a program, or all; ``single`` ones after another."""
        name = f"rust-{len(self.results)}.log"
        exact = ["--exact", *names] if names else []
        argv = [program, *_JSON, *(["--test-threads=1"] if single else []), *exact, f"--logfile={RESULTS}/{name}"]
        if self.apart:
            argv = ["/bin/sh", "-c", _APART, "sh", program, f"{RESULTS}/{name}", *names]
        result, output = await self._run(target, argv)
        log = await asyncio.to_thread(read_bounded, self.session.channel.directory / name)
        suite = read_suite(output, log or b"")
        if log is None and suite.began:
            raise ToolchainError("libtest wrote no log, so what tests print could not be told from its verdicts.")
        return suite, result

    def _tell_problem(self, target: Target, phase: Phase, text: str) -> None:
        self.records.append(Problem(id=target.root, phase=phase, message=text[-TEXT:]))


def _list_records(target: Target, suite: Suite, unsure: Collection[str]) -> Iterator[Record]:
    """Yield what was told of tests; of the unsure ones, not that they began."""
    for name in suite.begun:
        if name not in unsure:
            yield Start(id=target.write_id(name), key=write_key(target, name))
    for name, told in suite.results.items():
        message = "" if told.event == "ok" else told.message
        case = TestCase(id=target.write_id(name), verdict=told.verdict, message=message)
        yield Case(case=case, key=write_key(target, name))


def _list_ends(target: Target, suite: Suite, result: CommandResult) -> Iterator[Record]:
    """Yield the end of a report, and what the exit says against it."""
    if not suite.whole:
        return
    if result.ended == "exit" and (result.exit_code != 0) is not suite.failed:
        text = f"Its process ended with exit code {result.exit_code} after its tests.\n{result.output}"
        yield Problem(id=target.root, phase="teardown", message=text[-TEXT:])
    yield End()


def write_key(target: Target, name: str) -> str:
    """Return what tells equal ids apart: the program and libtest's name."""
    return "\n".join((*target.key, name))


def _read_key(key: str) -> str:
    return key.rpartition("\n")[2]
