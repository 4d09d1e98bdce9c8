"""Fold what a runner tells into cases, and say whether they can be believed.

Every source becomes the same records: our reporters write them, adapters make them of foreign reports. A run is
believed where its plan, its cases and its exit agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from bot.sandbox.port import CommandResult
from bot.toolchains.port import Completeness, Phase, TestCase, ToolchainError
from bot.types import JsonModel

MAX_CASES = 100_000
# Characters of all ids of a report: a group's name, which a report tells once, stands in each of its tests.
_MOST_NAMES = 1_000 * MAX_CASES
# Characters of a message that are kept, from its end.
TEXT = 4000
# Ids that a sentence names.
_NAMED = 3
# The worst of a test's reports is its verdict.
_RANK = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}
# Exit codes of our Python reporters after which results stand, and whether something failed: 2 is a file that cannot be
# collected, 5 is nothing to run (https://docs.pytest.org/en/stable/reference/exit-codes.html).
_ENDS = {0: False, 1: True, 2: True, 5: False}


class Plan(JsonModel):
    """A test or a file that will be run, or how many tests there are."""

    event: Literal["plan"] = "plan"
    id: str = ""
    key: str = ""
    line: int = 0
    file: str = ""
    count: int | None = None


class Start(JsonModel):
    """The beginning of a test."""

    event: Literal["start"] = "start"
    id: str
    key: str = ""
    line: int = 0


class Case(JsonModel):
    """A verdict.

    ``key`` tells tests of one id apart, and is the same for all reports of a test; ``line`` is where it stands in its
    file, 0 where that is not known.
    """

    event: Literal["case"] = "case"
    case: TestCase
    key: str = ""
    line: int = 0


class Again(JsonModel):
    """Another attempt: earlier records of the test no longer count."""

    event: Literal["again"] = "again"
    id: str
    key: str = ""


class Problem(JsonModel):
    """A failure of something that is no test.

    That is a file, a hook, a build, an error that nobody caught. ``phase`` is ``crash`` for a file that ended its
    process before its tests were done.
    """

    event: Literal["problem"] = "problem"
    id: str
    phase: Phase
    message: str = ""


class End(JsonModel):
    """The end of a file, or of the run.

    ``exit_code`` is what the reporter itself knows of it; ``cut_short``: there was more to run.
    """

    event: Literal["end"] = "end"
    file: str = ""
    exit_code: int | None = None
    cut_short: bool = False


Record = Annotated[Plan | Start | Case | Again | Problem | End, Field(discriminator="event")]


@dataclass
class Names:
    """Count of the characters that a report's tests are named by."""

    _count: int = 0

    def add(self, name: str, times: int = 1) -> None:
        """Count a name.

        Raises :class:`ToolchainError` for more than any suite has.
        """
        self._count += len(name) * times
        if self._count > _MOST_NAMES:
            raise ToolchainError(f"The names of the report's tests are longer than {_MOST_NAMES} characters together.")


class Folded(NamedTuple):
    """The cases of a run, and how far they can be believed."""

    cases: tuple[TestCase, ...]
    completeness: Completeness


@dataclass
class _Test:
    """All records of one test."""

    line: int
    cases: list[TestCase] = field(default_factory=list)
    planned: bool = False
    started: bool = False


@dataclass
class Fold:
    """Fold of one run's records.

    Of several reports of one test the worst counts; different tests of one id are numbered by their place in the file.
    """

    _tests: dict[tuple[str, str], _Test] = field(default_factory=dict)
    _files: dict[str, bool] = field(default_factory=dict)
    _crashed: list[str] = field(default_factory=list)
    _count: int | None = None
    _any: bool = False
    _end: End | None = None

    def add(self, records: Iterable[Record]) -> Fold:
        """Take records up to the end of the run.

        Raises :class:`ToolchainError` for more tests than any suite has.
        """
        for record in records:
            self._any = True
            self._take(record)
            if self._end is not None:
                break
            if len(self._tests) > MAX_CASES:
                raise ToolchainError(f"The report holds more than {MAX_CASES} test cases.")
        return self

    def _take(self, record: Record) -> None:
        match record:
            case Plan(file=file) if file:
                self._files.setdefault(file, False)
            case Plan(count=int(count)):
                self._count = (self._count or 0) + count
            case Plan(id=id, key=key, line=line):
                self._test(id, key, line).planned = True
            case Start(id=id, key=key, line=line):
                self._test(id, key, line).started = True
            case Case(case=told, key=key, line=line):
                self._test(told.id, key, line).cases.append(told)
            case Again(id=id, key=key):
                if (id, key) in self._tests:
                    self._tests[id, key].cases.clear()
            case Problem():
                self._add_problem(record)
            case End(file=file) if file:
                self._files[file] = True
            case End():
                self._end = record

    def _add_problem(self, problem: Problem) -> None:
        told = TestCase(id=problem.id, verdict="error", phase=problem.phase, message=problem.message[-TEXT:])
        self._test(problem.id, "problem", 0).cases.append(told)
        if problem.phase == "crash":
            self._crashed.append(problem.id)

    def _test(self, id: str, key: str, line: int) -> _Test:
        return self._tests.setdefault((id, key), _Test(line))

    def close(self, result: CommandResult) -> Folded:
        """Return the cases, lost ones included, and what the exit says to them."""
        lost_in: Phase = "timeout" if result.ended == "timeout" else "crash"
        names = self._names()
        cases = []
        opened = []
        unseen = []
        for key, test in self._tests.items():
            told = _keep_worst(test.cases)
            if told is None and test.started:
                opened.append(names[key])
                told = TestCase(
                    id=key[0], verdict="error", phase=lost_in, message=f"It began and never ended: {lost_in}."
                )
            if told is None and test.planned:
                unseen.append(names[key])
            elif told is not None:
                cases.append(told if told.id == names[key] else told.model_copy(update={"id": names[key]}))
        return Folded(tuple(cases), self._judge(result, cases, opened, unseen))

    def _names(self) -> dict[tuple[str, str], str]:
        """Name every test; equal ids are numbered by line, then by order."""
        places = sorted(enumerate(self._tests.items()), key=lambda one: (one[1][1].line, one[0]))
        numbered = _number([key[0] for _, (key, _) in places])
        return {key: name for (_, (key, _)), name in zip(places, numbered, strict=True)}

    def _judge(
        self, result: CommandResult, cases: Sequence[TestCase], opened: Sequence[str], unseen: Sequence[str]
    ) -> Completeness:
        unended = [file for file, ended in self._files.items() if not ended]
        culprits = tuple(dict.fromkeys([*opened, *self._crashed, *(unended if not opened else ())]))
        reason = next(self._find_faults(result, cases, culprits, unseen), "")
        if reason and culprits:
            reason += f" Running then: {_name(culprits)}."
        return Completeness(ok=not reason, reason=reason, lost=(*opened, *unseen), culprits=culprits)

    def _find_faults(
        self, result: CommandResult, cases: Sequence[TestCase], culprits: Sequence[str], unseen: Sequence[str]
    ) -> Iterator[str]:
        """Yield, in sentences, why the run cannot be believed."""
        if result.ended != "exit":
            yield f"The run was stopped ({result.ended})."
        if not self._any:
            yield "The run left no report."
        if self._end is None or self._end.cut_short:
            yield "The report ends before the run did."
        if culprits:
            yield "Tests were lost when a process ended."
        if unseen:
            yield f"{len(unseen)} planned tests did not run, among them {_name(unseen)}."
        if self._count is not None and self._count != len(cases):
            yield f"{self._count} tests were planned and {len(cases)} reported."
        if not self._agrees(result.exit_code, has_failure(cases)):
            failed = "some" if has_failure(cases) else "none"
            yield f"The exit code is {result.exit_code}, while of the reported tests {failed} failed."

    def _agrees(self, exit_code: int | None, failed: bool) -> bool:
        """Return whether cases, runner and command say the same."""
        known = self._end.exit_code if self._end is not None else None
        if exit_code is None or (known is not None and _ENDS.get(known) is not failed):
            return False
        # a command around the runner (make, a script) may fail with a code of its own
        return (exit_code != 0) is (failed if known is None else known != 0)


def has_failure(cases: Iterable[TestCase]) -> bool:
    """Return whether any case failed or could not be run."""
    return any(case.verdict in ("failed", "error") for case in cases)


def _keep_worst(cases: Sequence[TestCase]) -> TestCase | None:
    """Reduce the reports of a test to the worst, with the seconds of all."""
    if len(cases) < 2:
        return cases[0] if cases else None
    worst = max(cases, key=lambda case: _RANK[case.verdict])
    return worst.model_copy(update={"seconds": round(sum(case.seconds for case in cases), 4)})


def _number(ids: Sequence[str]) -> list[str]:
    """Make equal ids different: later ones end in ``#2``, ``#3``.

    They are different tests: merged, one that is known to fail would hide that another begins to fail. What is itself
    named ``adds#2`` keeps its name. Our reporters of Python do the same inside the sandbox, where they can
    import nothing of this package.
    """
    taken = set(ids)
    last: dict[str, int] = {}
    found = []
    for one in ids:
        number = last.get(one, 0) + 1
        while number > 1 and f"{one}#{number}" in taken:
            number += 1
        last[one] = number
        found.append(one if number == 1 else f"{one}#{number}")
        taken.add(found[-1])
    return found


def _name(ids: Sequence[str]) -> str:
    return ", ".join(f"`{one}`" for one in ids[:_NAMED]) + (" and others" if len(ids) > _NAMED else "")
