"""Make records of test processes: their ends as CTest saw them, and what googletest wrote of its cases.

A process writes the JSON of its cases itself, where any test can write too. So a pass of a case needs three things:
the case is in the list that the program gave before, it is in a JSON file that names just those cases, and CTest
says that the process passed, or that it failed while a case of that file failed. Without a file the process ended
early: each of its cases runs again alone, and its own exit tells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.toolchains.cpp.gtest import GtestCase
from bot.toolchains.cpp.registered import Ended, Registered
from bot.toolchains.events import TEXT, Case, Plan, Problem, Record, Start
from bot.toolchains.placeholders import selector
from bot.toolchains.port import Phase, TestCase, Verdict

_VERDICTS: dict[str, tuple[Verdict, Phase]] = {
    "passed": ("passed", "call"),
    "failed": ("failed", "call"),
    "signal": ("error", "call"),
    "timeout": ("error", "timeout"),
    "skipped": ("skipped", "call"),
    "error": ("error", "call"),
    "unrun": ("error", "setup"),
}
# How C's assert ends a program, in CTest's words: an ordinary failure.
_ABORTED = "aborted"


@dataclass(frozen=True)
class Process:
    """Process of a test, with its file, and cases where it is googletest's.

    The cases' files are paths of the tree.
    """

    registered: Registered
    file: str
    cases: tuple[GtestCase, ...] = ()

    def list_ids(self) -> list[str]:
        return [name_case(case) for case in self.cases] or [f"{self.file}::{self.registered.name}"]

    def is_wanted(self, targets: Sequence[str]) -> bool:
        """Return whether a file, folder or id asks for one of its tests."""
        wanted = [selector(target).rstrip("/") for target in targets]
        return not wanted or any(
            one == id or id.startswith((f"{one}::", f"{one}/")) for one in wanted for id in self.list_ids()
        )

    def split(self) -> list[Process]:
        """Return a process for each case."""
        return [replace(self, cases=(case,)) for case in self.cases]


def name_case(case: GtestCase) -> str:
    """Return the id of a case: its file, its suite, its name."""
    return f"{case.file}::{case.suite}::{case.name}"


# What processes wrote of their cases, by the names of these.
Reports = Mapping[tuple[str, ...], list[list[GtestCase]]]


def sort_reports(reports: Sequence[list[GtestCase]]) -> Reports:
    """Sort the files that were found by the cases that they name."""
    found: dict[tuple[str, ...], list[list[GtestCase]]] = defaultdict(list)
    for one in reports:
        found[_list_keys(one)].append(one)
    return found


def take_report(reports: Reports, process: Process, ended: Ended) -> list[GtestCase] | None:
    """Take the file that a process wrote from those that were found.

    It names the same cases; one that agrees with the exit comes first.
    """
    fitting = reports.get(_list_keys(process.cases), [])
    agreeing = (at for at, one in enumerate(fitting) if _has_failed(one) is (ended.status == "failed"))
    return fitting.pop(next(agreeing, 0)) if fitting else None


def _list_keys(cases: Sequence[GtestCase]) -> tuple[str, ...]:
    return tuple(sorted(case.key for case in cases))


def _has_failed(cases: Sequence[GtestCase]) -> bool:
    return any(case.verdict == "failed" for case in cases)


def is_cut(process: Process, ended: Ended, written: Sequence[GtestCase] | None) -> bool:
    """Return whether a process of several cases ended before it told of them."""
    return written is None and len(process.cases) > 1 and ended.status not in ("skipped", "unrun")


def tell(process: Process, ended: Ended, written: Sequence[GtestCase] | None) -> Iterator[Record]:
    """Yield the records of a process that ended."""
    for id in process.list_ids():
        yield Plan(id=id, key=str(process.registered.number))
    if not process.cases:
        yield _make_case(process, process.list_ids()[0], ended)
    elif ended.status in ("unrun", "timeout", "skipped") and not _has_failed(written or ()):
        yield from (_make_case(process, name_case(case), ended, case.line) for case in process.cases)
    elif written is None:
        yield from _tell_unwritten(process, ended)
    else:
        yield from _tell_written(process, ended, {case.key: case for case in written})


def _tell_unwritten(process: Process, ended: Ended) -> Iterator[Record]:
    """Tell of a process that ended before it wrote of its cases."""
    for case in process.cases:
        id = name_case(case)
        yield Start(id=id, key=str(process.registered.number), line=case.line)
        if len(process.cases) == 1 and ended.status == "signal":
            yield _make_case(process, id, ended, case.line)
        elif len(process.cases) == 1 and ended.status == "failed":
            message = f"It ended its process.\n{ended.output}"[:TEXT]
            told = TestCase(id=id, verdict="error", phase="crash", message=message)
            yield Case(case=told, key=str(process.registered.number), line=case.line)


def _tell_written(process: Process, ended: Ended, written: dict[str, GtestCase]) -> Iterator[Record]:
    for case in process.cases:
        found = written[case.key]
        if found.verdict is not None:
            told = TestCase(id=name_case(case), verdict=found.verdict, message=found.message, seconds=found.seconds)
            yield Case(case=told, key=str(process.registered.number), line=case.line)
    if ended.status != "passed" and not _has_failed(list(written.values())):
        # what fails around the cases: a suite's set-up skips them, a tear-down or a sanitizer comes behind them
        skipped = all(case.verdict == "skipped" for case in written.values())
        message = f"{process.registered.name}: {ended.why}\n{ended.output}"[-TEXT:]
        yield Problem(id=process.cases[0].file, phase="setup" if skipped else "teardown", message=message)


def _make_case(process: Process, id: str, ended: Ended, line: int = 0) -> Case:
    verdict, phase = _VERDICTS[ended.status]
    if _ABORTED in ended.why:
        verdict = "failed"
    message = "" if verdict == "passed" else f"{ended.output.strip()}\n{ended.why}"[-TEXT:].strip()
    told = TestCase(id=id, verdict=verdict, phase=phase, message=message, seconds=ended.seconds)
    return Case(case=told, key=str(process.registered.number), line=line)
