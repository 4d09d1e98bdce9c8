"""Classify a test by its runs: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot.flakiness.records import Examination, Kind, Order, OrderRun, Orders, Tally

# runs without a failure after which a rate above this is excluded with 95 %: 1 - 0.05 ** (1 / runs)
_DOUBT = 0.05


class Seen(NamedTuple):
    """Runs of a test alone, in the order that it has, and in shuffled ones."""

    test: str
    alone: Tally
    same: Tally
    shuffled: Tally
    runs: tuple[OrderRun, ...] = ()

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return tuple(one for one in (self.alone, self.same, self.shuffled) if one.seen or one.lost)


class Lead(NamedTuple):
    """Order in which a test ends as it never does alone; it will be halved."""

    order: Order
    fails: bool  # in that order, and passes alone; or the other way round


def tally_orders(test: str, runs: Sequence[OrderRun], name: str, died: int = 0) -> Tally:
    """Count how a test ended in some orders, except where it was skipped."""
    failed = sum(run.failed(test) for run in runs)
    passed = sum(run.passed(test) for run in runs)
    return Tally(name=name, passed=passed, failed=failed, lost=died + len(runs) - failed - passed)


def see(test: str, alone: Tally, orders: Orders) -> Seen:
    """Put together how a test ended alone and in the orders of a plan."""
    same = [run for run in orders.runs if run.order is None]
    shuffled = [run for run in orders.runs if run.order is not None]
    return Seen(
        test,
        alone,
        tally_orders(test, same, "in the order they have"),
        tally_orders(test, shuffled, "in other orders", orders.died),
        orders.runs,
    )


def find_chance(seen: Seen) -> Tally | None:
    """Return the runs of one kind that ended both ways: chance, or the clock."""
    return next((one for one in (seen.alone, seen.same) if one.both), None)


def find_lead(seen: Seen) -> Lead | None:
    """Return an order in which the test ends as it never does alone."""
    if not seen.alone.seen or seen.alone.both:
        return None
    passes_alone = seen.alone.passed > 0
    for run in seen.runs:
        if run.failed(seen.test) if passes_alone else run.passed(seen.test):
            return Lead(run.order, fails=passes_alone)
    return None


def conclude(seen: Seen) -> Examination | None:
    """Return the class of a test that needs no more runs, else None."""
    chance = find_chance(seen)
    if chance is not None:
        told = f"It failed {count_failures(chance)} {chance.name}, with nothing changed."
        return make(seen, "non-deterministic", told)
    runs = sum(one.seen for one in seen.tallies)
    if not runs:
        return make(seen, "not examined", "No run reached it, or it was skipped in all of them.")
    if not sum(one.passed for one in seen.tallies):
        return make(seen, "broken", f"It failed in all {runs} runs: it is broken, or needs something that is not here.")
    return None


def say_not_shown(seen: Seen) -> Examination:
    """Say that no run showed anything, and what that excludes."""
    runs = sum(one.seen for one in seen.tallies)
    rate = 100 * (1 - _DOUBT ** (1 / runs))
    excluded = f"A test that fails by chance more often than {rate:.0f} % of the time would have shown it (95 %)."
    return make(seen, "not shown", f"It passed in all {runs} runs. {excluded}")


def make(seen: Seen, kind: Kind, reason: str, **more: object) -> Examination:
    """Return an examination with the runs that were seen."""
    bad = tuple(run.order for run in seen.runs if run.failed(seen.test))
    message = next((run.message for run in seen.runs if run.failed(seen.test) and run.message), "")
    known: dict[str, object] = {"bad_orders": bad, "message": message}
    return Examination(test=seen.test, kind=kind, reason=reason, tallies=seen.tallies).model_copy(update=known | more)


def count_failures(tally: Tally) -> str:
    return f"{tally.failed} of {tally.seen} times"
