"""Read the report of a job: which tests passed and failed, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bot.test_history.names import LONGEST
from bot.toolchains.events import Case
from bot.toolchains.junit import read_junit
from bot.toolchains.port import TestCase, ToolchainError

# More failures than this are of the machine, the build or the change, and say nothing of a test.
MOST_FAILED_PERCENT = 80


class JobReport(NamedTuple):
    """Tests of a job; ``left_out`` says why they do not count, else ""."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    left_out: str = ""


def is_report(name: str) -> bool:
    """Return whether a file's name may be that of a JUnit report."""
    return name.lower().endswith(".xml")


def read_report(files: Sequence[tuple[str, bytes]]) -> JobReport:
    """Read the JUnit files of one job; what is none is passed over. Blocking."""
    cases: list[TestCase] = []
    found = False
    for _, content in files:
        try:
            records = read_junit(content)
        except ToolchainError:
            continue
        cases += [record.case for record in records if isinstance(record, Case)]
        found = found or b"<testsuite" in content
    if not found:
        return JobReport(left_out="it holds no JUnit report")
    return judge_cases(cases)


def judge_cases(cases: Iterable[TestCase]) -> JobReport:
    """Return the tests of a run, left out where nearly all failed.

    A skipped test has not been seen; a file that could not be loaded is not a test.
    """
    ends: dict[str, bool] = {}
    for case in cases:
        if case.verdict != "skipped" and case.phase not in ("collect", "build") and case.kind != "check":
            name = case.id[:LONGEST]
            ends[name] = ends.get(name, True) and case.verdict == "passed"
    failed = frozenset(name for name, passed in ends.items() if not passed)
    if not ends:
        return JobReport(left_out="no test ran")
    left_out = ""
    if 100 * len(failed) > MOST_FAILED_PERCENT * len(ends):
        left_out = f"{len(failed)} of {len(ends)} tests failed"
    return JobReport(frozenset(ends) - failed, failed, left_out)
