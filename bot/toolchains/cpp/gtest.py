"""Read googletest's JSON, the list of tests and their results alike.

https://google.github.io/googletest/advanced.html#generating-a-json-report
"""

from __future__ import annotations

import re

from pydantic import BaseModel, Field, ValidationError

from bot.toolchains.events import MAX_CASES, TEXT, Names
from bot.toolchains.port import ToolchainError, Verdict
from bot.types import JsonModel

# What runs every case of a program takes no longer list than this.
_SECONDS = re.compile(r"\d+(?:\.\d+)?(?=s$)")
_SKIPPED = {"SKIPPED", "SUPPRESSED"}


class GtestCase(JsonModel):
    """Test of googletest; ``verdict`` is None where it was only listed."""

    suite: str
    name: str
    file: str = ""
    line: int = 0
    verdict: Verdict | None = None
    message: str = ""
    seconds: float = 0.0

    @property
    def key(self) -> str:
        """Return the name that ``--gtest_filter`` takes."""
        return f"{self.suite}.{self.name}"


class _Failure(BaseModel):
    failure: str = ""


class _Case(BaseModel):
    name: str
    file: str = ""
    line: int = 0
    result: str = ""
    time: str = ""
    failures: list[_Failure] = Field(default_factory=list)


class _Suite(BaseModel):
    name: str
    testsuite: list[_Case] = Field(default_factory=list)


class _Report(BaseModel):
    testsuites: list[_Suite] = Field(default_factory=list)


def read_gtest(text: bytes | None) -> list[GtestCase] | None:
    """Return the cases of a report; None where it is none.

    Raises :class:`ToolchainError` for more tests than any suite has.
    """
    try:
        report = _Report.model_validate_json(text or b"")
    except ValidationError:
        return None
    if sum(len(suite.testsuite) for suite in report.testsuites) > MAX_CASES:
        raise ToolchainError(f"The report holds more than {MAX_CASES} test cases.")
    names = Names()
    for suite in report.testsuites:
        names.add(suite.name, len(suite.testsuite))
    return [_make_case(suite.name, case) for suite in report.testsuites for case in suite.testsuite]


def _make_case(suite: str, case: _Case) -> GtestCase:
    seconds = _SECONDS.match(case.time)
    return GtestCase(
        suite=suite,
        name=case.name,
        file=case.file,
        line=max(case.line, 0),
        verdict=_judge(case),
        message="\n".join(one.failure for one in case.failures)[-TEXT:],
        seconds=float(seconds[0]) if seconds else 0.0,
    )


def _judge(case: _Case) -> Verdict | None:
    if case.failures:
        return "failed"
    if case.result in _SKIPPED:
        return "skipped"
    return "passed" if case.result == "COMPLETED" else None
