"""Order tests so that faults are caught early (pure).

The next test is always the one that catches most new faults a second; where none catches a new one, the one that runs
most new lines a second. Both are submodular, so what a test adds only shrinks, and a heap of old values is enough.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bot.mutation.records import Survey
from bot.types import JsonModel

Line = tuple[str, int]
# Processor time that no clock tells from nothing.
_LEAST_SECONDS = 0.0005


class Catch(NamedTuple):
    """Faults and lines of one test, and how long it takes."""

    faults: frozenset[str]
    lines: frozenset[Line]
    seconds: float


class Ranked(JsonModel):
    """A test in the order, with what it adds to those before it."""

    test: str
    seconds: float
    faults: int
    new_faults: int
    new_lines: int

    @property
    def redundant(self) -> bool:
        """Return whether the tests before it catch all that it does."""
        return not self.new_faults and not self.new_lines


class Order(JsonModel):
    """A suite in order; ``faults`` are all that any test catches."""

    tests: tuple[Ranked, ...]
    faults: int
    judged: int  # faults that could be decided either way

    @property
    def seconds(self) -> float:
        return sum(test.seconds for test in self.tests)

    def select(self, share: float) -> tuple[Ranked, ...]:
        """Return the first tests that catch this share of what is caught."""
        wanted = share * self.faults
        caught = 0
        for number, test in enumerate(self.tests):
            if caught >= wanted:
                return self.tests[:number]
            caught += test.new_faults
        return self.tests


def order_suite(survey: Survey) -> Order:
    """Order the passing tests of a measurement that tells all killers."""
    catches = read_catches(survey)
    judged = sum(mutant.verdict in ("killed", "survived", "not covered") for mutant in survey.mutants)
    faults = frozenset().union(*(one.faults for one in catches.values()))
    return Order(tests=tuple(_rank(catches)), faults=len(faults), judged=judged)


def read_catches(survey: Survey) -> dict[str, Catch]:
    """Return what each passing test catches."""
    faults: dict[str, set[str]] = {}
    for mutant in survey.mutants:
        for test, _ in mutant.kills:
            faults.setdefault(test, set()).add(mutant.id)
    return {
        test.id: Catch(
            frozenset(faults.get(test.id, ())),
            frozenset((path, line) for path, lines in test.lines.items() for line in lines),
            max(test.seconds, _LEAST_SECONDS),
        )
        for test in survey.tests
        if test.outcome == "passed"
    }


def _rank(catches: Mapping[str, Catch]) -> Iterable[Ranked]:
    faults: set[str] = set()
    lines: set[Line] = set()

    def value(catch: Catch) -> tuple[float, float, float]:
        """Return how little a test is worth now: a heap's least is the best."""
        return (
            -len(catch.faults - faults) / catch.seconds,
            -len(catch.lines - lines) / catch.seconds,
            catch.seconds,
        )

    heap = [(value(catch), test) for test, catch in catches.items()]
    heapq.heapify(heap)
    while heap:
        _, test = heapq.heappop(heap)
        catch = catches[test]
        now = (value(catch), test)
        if heap and now > heap[0]:
            heapq.heappush(heap, now)
            continue
        yield Ranked(
            test=test,
            seconds=catch.seconds,
            faults=len(catch.faults),
            new_faults=len(catch.faults - faults),
            new_lines=len(catch.lines - lines),
        )
        faults |= catch.faults
        lines |= catch.lines


def name_redundant(order: Order) -> Sequence[Ranked]:
    """Return the tests without which the same is caught, slow ones first."""
    return sorted((test for test in order.tests if test.redundant), key=lambda test: -test.seconds)
