"""Judge the results of a test run by the list: what is excused, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

from bot.markdown import counted
from bot.quarantine.entries import Entry, find_entry, read_entries
from bot.quarantine.exits import list_exits
from bot.toolchains.events import Case, Problem
from bot.toolchains.junit import read_junit, read_xml
from bot.toolchains.port import TestCase, ToolchainError
from bot.types import JsonModel

# A failure in these is no test's own: something could not be built, loaded or prepared, for others too.
_NOT_A_TEST = {"collect", "build", "crash", "timeout", "setup", "teardown"}
_BAD = ("failed", "error")


class Judgement(JsonModel):
    """Verdict on a run; ``faults`` keep it from passing."""

    faults: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    tests: int = 0

    @property
    def passed(self) -> bool:
        return not self.faults


def judge_results(
    results: Mapping[str, bytes],
    entries: Sequence[Entry],
    today: date,
    *,
    exit_code: int,
    expected: int = 1,
) -> Judgement:
    """Judge JUnit files by name.

    It passes where all failures are of live entries, at least ``expected`` suites reported, and the process did not
    die: ``exit_code`` must be 0 or, if tests failed, one that says just this. A suite that reports no test at all
    counts as one that did not report. An error that is no test's is never excused. A test that is skipped and failed
    has failed if the run did.
    """
    faults: list[str] = []
    excused: list[str] = []
    cases: list[TestCase] = []
    reports: list[tuple[ElementTree.Element, int]] = []
    reported = 0
    for name, content in results.items():
        try:
            records = read_junit(content, strict=exit_code != 0)
        except ToolchainError as error:
            faults.append(f"{name} cannot be read: {error.message}")
            continue
        found = [record.case for record in records if isinstance(record, Case)]
        faults += [_tell_problem(record) for record in records if isinstance(record, Problem)]
        reported += any(case.verdict != "skipped" and case.phase not in _NOT_A_TEST for case in found)
        reports.append((read_xml(content), sum(case.verdict in _BAD for case in found)))
        cases += found
    if reported < expected:
        faults.append(f"{counted(reported, 'suite')} reported tests, and {expected} must.")
    for case in cases:
        if case.verdict in _BAD:
            (excused if _is_excused(case, entries, today) else faults).append(_tell(case, entries, today))
    if exit_code not in list_exits(reports):
        faults.append(
            f"The test command ended with {exit_code}, which failing tests do not explain: it broke off, or something "
            "else failed."
        )
    return Judgement(faults=tuple(faults), excused=tuple(excused), tests=len(cases))


def _is_excused(case: TestCase, entries: Sequence[Entry], today: date) -> bool:
    entry = find_entry(entries, case.id)
    return entry is not None and entry.is_live(today) and case.phase not in _NOT_A_TEST


def _tell(case: TestCase, entries: Sequence[Entry], today: date) -> str:
    entry = find_entry(entries, case.id)
    if case.phase in _NOT_A_TEST:
        return _tell_problem(Problem(id=case.id, phase=case.phase))
    if entry is None:
        return f"{case.id}: {case.verdict}"
    if not entry.is_live(today):
        return f"{case.id}: {case.verdict}; its quarantine expired on {entry.expires} (owner {entry.owner})"
    return f"{case.id}: {case.verdict}; in quarantine until {entry.expires}, owner {entry.owner}, {entry.issue}"


def _tell_problem(problem: Problem) -> str:
    return f"{problem.id}: {problem.phase}: this is no test's failure, so nothing excuses it"


def describe(judgement: Judgement) -> str:
    """Write a judgement for a log."""
    lines = [f"excused  {one}" for one in judgement.excused]
    lines += [f"FAILED   {one}" for one in judgement.faults]
    verdict = "passed" if judgement.passed else "failed"
    lines.append(f"{verdict}: {counted(judgement.tests, 'test')}, {counted(len(judgement.excused), 'failure')} excused")
    return "\n".join(lines)


def judge_files(
    results: Sequence[Path],
    quarantine: Path | None,
    exit_code: int,
    suites: int | None,
    say: Callable[[str], None],
) -> bool:
    """Judge files by a list, say the verdict, and return it. Blocking.

    A repository without a list excuses nothing. Raises :class:`QuarantineError` for a list that is wrong.
    """
    known = quarantine is not None and quarantine.is_file()
    entries = read_entries(quarantine.read_text(encoding="utf-8", errors="replace")) if quarantine and known else ()
    contents = {str(path): path.read_bytes() for path in results}
    today = datetime.now(UTC).date()
    found = judge_results(contents, entries, today, exit_code=exit_code, expected=suites or len(contents))
    say(describe(found))
    return found.passed
