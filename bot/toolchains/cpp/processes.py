"""Run test programs in a session: list their cases, tell of their ends, run one alone."""

from __future__ import annotations

import asyncio
import fnmatch
import re
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.port import CommandResult
from bot.toolchains.cpp.catch2 import find_exits
from bot.toolchains.cpp.gtest import GtestCase, read_gtest
from bot.toolchains.cpp.registered import Ended, Registered, Status
from bot.toolchains.cpp.report import Process, Reports, is_cut, sort_reports, take_report, tell
from bot.toolchains.cpp.targets import Build, to_tree
from bot.toolchains.events import TEXT, Plan, Record, Start
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.results import read_bounded
from bot.toolchains.session import Session

_REPORTS = "reports"
# Lets every program with googletest write what became of its cases.
GTEST = {"GTEST_OUTPUT": f"json:{RESULTS}/{_REPORTS}/"}
# A program with googletest knows this word, or where its library is.
_LIST = """mkdir -p "$1"; folder=$1; number=0; shift
for program; do
  number=$((number + 1))
  grep -qa -e gtest_list_tests -e libgtest "$program" || continue
  GTEST_OUTPUT="json:$folder/$number.json" timeout 30 "$program" --gtest_list_tests >/dev/null
done
true"""
_RUN_ONE = 'cd "$1" && shift && exec env "$@"'
_FILTER = "--gtest_filter="
# A filter that is the name of one case.
_PLAIN = re.compile(r"[^*?:-]+")
# Shares of the time left that a test gets, and one that runs alone: the others come after it.
SHARE, _SHARE_ALONE = 0.7, 0.5
# Programs that ended early have their cases run alone, at most so many.
_MOST_ALONE = 200
# What the sandbox and timeout(1) return for a program that a signal or the time ended.
_SIGNALLED, _TIMED_OUT = 128, 124


@dataclass
class Told:
    """Results of what ran, and the records of it."""

    results: list[CommandResult] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def add(self, other: Told) -> None:
        self.results += other.results
        self.records += other.records


async def list_cases(session: Session, programs: Sequence[str]) -> Mapping[str, Mapping[str, GtestCase]]:
    """Ask the programs with googletest for their cases, by program and name."""
    if not programs:
        return {}
    # each call has a folder of its own: a list of before would be taken for that of a program that has none
    folder = f"lists-{secrets.token_hex(8)}"
    await session.run(["/bin/sh", "-c", _LIST, "sh", f"{RESULTS}/{folder}", *programs])
    found = {}
    for number, program in enumerate(programs, 1):
        file = session.channel.directory / folder / f"{number}.json"
        cases = read_gtest(await asyncio.to_thread(read_bounded, file))
        if cases is not None:
            found[program] = {case.key: case for case in cases}
    return found


def make_process(registered: Registered, file: str, listed: Mapping[str, GtestCase], build: Build) -> Process:
    """Make the process of a test, with the cases that it will run."""
    given = next((word.removeprefix(_FILTER) for word in registered.command if word.startswith(_FILTER)), "*")
    kept = _pick(listed, given) if registered.is_plain else []
    cases = (case.model_copy(update={"file": to_tree(case.file, build.folder) or file}) for case in kept)
    return Process(registered, file, tuple(cases))


def _pick(listed: Mapping[str, GtestCase], given: str) -> list[GtestCase]:
    """Return the cases that a filter of googletest takes."""
    if _PLAIN.fullmatch(given):  # as CMake registers each case of a program, and there may be thousands
        return [listed[given]] if given in listed else []
    wanted, _, unwanted = given.partition("-")
    takes = _compile((wanted or "*").split(":"))
    leaves = _compile([one for one in unwanted.split(":") if one])
    return [case for key, case in listed.items() if key == given or (takes(key) and not leaves(key))]


def _compile(patterns: Sequence[str]) -> Callable[[str], re.Match[str] | None]:
    # fnmatch's expressions do not try each way to part a text between stars; brackets mean nothing to googletest
    each = (fnmatch.translate(one.replace("[", "[[]")) for one in patterns)
    return re.compile("|".join(each) or "(?!)").match


async def tell_all(
    session: Session, result: CommandResult, processes: Sequence[Process], ended: Mapping[int, Ended], begun: set[int]
) -> Told:
    """Tell of the processes that a runner ran one after another.

    Those that ended before they told of their cases run again. ``ended`` and ``begun`` are by number. Where a program
    of Catch2 passed by an exit, its test began and did not end.
    """
    whole = [one.registered for one in processes if not one.cases]
    exits = await find_exits(session, [test for test in whole if _has_passed(ended.get(test.number))])
    ended = {number: one for number, one in ended.items() if number not in exits}
    reports = await asyncio.to_thread(_read_reports, session.channel.directory / _REPORTS)
    told = Told([result])
    for process in processes:
        told.add(await _tell_process(session, process, ended.get(process.registered.number), reports, begun | exits))
    return told


def _has_passed(ended: Ended | None) -> bool:
    return ended is not None and ended.status == "passed"


async def _tell_process(
    session: Session, process: Process, ended: Ended | None, reports: Reports, begun: set[int]
) -> Told:
    number = process.registered.number
    if ended is None:
        kinds = _list_kinds(number in begun)
        return Told([], [kind(id=id, key=str(number)) for id in process.list_ids() for kind in kinds])
    written = take_report(reports, process, ended)
    if is_cut(process, ended, written):
        return await run_alone(session, process.split())
    return Told([], list(tell(process, ended, written)))


def _list_kinds(begun: bool) -> Sequence[type[Plan | Start]]:
    return (Plan, Start) if begun else (Plan,)


def _read_reports(folder: Path) -> Reports:
    """Read what processes wrote of their cases, in the order of their end."""
    files = sorted(folder.glob("*.json"), key=lambda file: (file.lstat().st_mtime_ns, file.name))
    return sort_reports([cases for file in files if (cases := read_gtest(read_bounded(file))) is not None])


async def run_alone(session: Session, processes: Sequence[Process]) -> Told:
    """Run programs without CTest, at most :data:`_MOST_ALONE` of them."""
    told = Told()
    for process in processes[:_MOST_ALONE]:
        result, written = await run_program(session, process)
        ended = _read_exit(result, process.registered)
        exited = not process.cases and _has_passed(ended) and await find_exits(session, [process.registered])
        if exited:
            told.add(Told([result], [kind(id=id) for id in process.list_ids() for kind in (Plan, Start)]))
        elif is_cut(process, ended, written):
            told.add(await run_alone(session, process.split()))
        else:
            told.add(Told([result], list(tell(process, ended, written))))
    late = [id for process in processes[_MOST_ALONE:] for id in process.list_ids()]
    told.add(Told([], [Plan(id=id) for id in late]))
    return told


async def run_program(session: Session, process: Process) -> tuple[CommandResult, list[GtestCase] | None]:
    """Run a test's program; return its end and what it wrote of its cases."""
    registered = process.registered
    report = f"{secrets.token_hex(8)}.json"
    chosen = [f"{_FILTER}{':'.join(case.key for case in process.cases)}"] if process.cases else []
    seconds = max(int(session.seconds * _SHARE_ALONE), 1)
    words = [f"GTEST_OUTPUT=json:{RESULTS}/{report}", *registered.variables, "timeout", str(seconds)]
    result = await session.run(
        ["/bin/sh", "-c", _RUN_ONE, "sh", registered.folder or "/", *words, *registered.command, *chosen]
    )
    written = read_gtest(await asyncio.to_thread(read_bounded, session.channel.directory / report))
    return result, written if process.cases else None


def _read_exit(result: CommandResult, registered: Registered) -> Ended:
    code = result.exit_code
    status: Status = "failed"
    why = f"exit code {code}"
    if result.ended != "exit" or code == _TIMED_OUT:
        status, why = "timeout", "It did not end."
    elif code == 0:
        status = "passed"
    elif code == registered.properties.get("SKIP_RETURN_CODE"):
        status = "skipped"
    elif code is not None and (code < 0 or code > _SIGNALLED):
        number = -code if code < 0 else code - _SIGNALLED
        status, why = "signal", "aborted" if number == signal.SIGABRT else f"ended by signal {number}"
    return Ended(status, why, result.seconds, result.output[-TEXT:])
