"""Examine one test: alone, in its order, in shuffled ones; halve what ran before it, or vary what is around it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from bot.flakiness.classes import Seen, conclude, find_lead, make, say_not_shown, see
from bot.flakiness.inside.forgehand_arrange import arrange
from bot.flakiness.records import Examination, Order, Orders, Plan, Reduced, Tally
from bot.flakiness.runner import run_orders
from bot.git.changes import NO_CHANGES, Changes
from bot.markdown import counted, inline_code
from bot.sandbox.port import Limits
from bot.toolchains.placeholders import selector
from bot.toolchains.port import TestRun
from bot.types import JsonModel
from bot.work.workshop import Workshop

ALONE = 10
SAME = 5
SHUFFLED = 20
# more than are run: one that does not reach its end is replaced
SEEDS = range(1, 2 * SHUFFLED + 1)
_CONFIRMED = 2
# as many tests are named and told to be run before one
_NAMED = 10
_ONLY_PYTHON = "Orders are shuffled and halved for pytest only so far; it was run alone and in the order it has."
_UNVARIED = "There is no network in the sandbox, and the date was not varied."
_VARIATIONS = (
    *({"PYTHONHASHSEED": str(seed)} for seed in range(1, 6)),
    {"TZ": "UTC-14"},
    {"TZ": "UTC+12"},
)


class Experiment(JsonModel):
    """Runs of a test, and what ran before it where it ended otherwise."""

    alone: Tally
    orders: Orders
    test: str
    order: Order = None
    prefix: tuple[str, ...] = ()
    fails: bool = True
    notes: tuple[str, ...] = ()

    @property
    def seen(self) -> Seen:
        return see(self.test, self.alone, self.orders)


async def run_alone(workshop: Workshop, test: str, times: int, limits: Limits, changes: Changes = NO_CHANGES) -> Tally:
    """Run a test by itself in fresh processes, until both ends were seen."""
    tally = Tally(name="alone")
    for _ in range(times):
        tally = _count(tally, test, await workshop.test(changes, [test], limits=limits))
        if tally.both:
            break
    return tally


async def run_same(workshop: Workshop, test: str, times: int, limits: Limits) -> Tally:
    """Run the whole suite as any toolchain can; see how one test ends."""
    tally = Tally(name="in the order they have")
    for _ in range(times):
        tally = _count(tally, test, await workshop.test(NO_CHANGES, limits=limits))
    return tally


def _count(tally: Tally, test: str, run: TestRun) -> Tally:
    verdict = run.verdicts().get(test)
    key = {"passed": "passed", "failed": "failed", "error": "failed"}.get(verdict or "", "lost")
    if not run.complete and verdict != "passed":
        key = "lost"
    return tally.model_copy(update={key: getattr(tally, key) + 1})


async def run_all_orders(workshop: Workshop, test: str, alone: Tally, seconds: float) -> Experiment:
    """Run the suite in its own order and in others; find what to halve."""
    orders: tuple[Order, ...] = (*[None] * SAME, *SEEDS)
    plan = Plan(orders=orders, enough=SAME + SHUFFLED, test=test, seconds=seconds, each=max(30.0, seconds / 4))
    found = await run_orders(workshop, NO_CHANGES, plan)
    if found.tests and test not in found.tests:
        plan = plan.model_copy(update={"targets": (test.partition("::")[0],)})
        found = await run_orders(workshop, NO_CHANGES, plan)
    lead = find_lead(see(test, alone, found))
    prefix: tuple[str, ...] = ()
    if lead is not None:
        given = list(lead.order) if isinstance(lead.order, tuple) else lead.order
        order = arrange(found.tests, given)
        prefix = tuple(order[: order.index(test)])
    own = tuple(run.model_copy(update={"bad": {test: run.bad[test]} if test in run.bad else {}}) for run in found.runs)
    notes = [found.problem] if found.problem else []
    if found.died:
        notes.append(f"{counted(found.died, 'order')} did not reach the end; such a run counts as nothing.")
    return Experiment(
        alone=alone,
        orders=found.model_copy(update={"tests": (), "runs": own}),
        test=test,
        order=lead.order if lead is not None else None,
        prefix=prefix,
        fails=lead.fails if lead is not None else True,
        notes=tuple(notes),
    )


async def find_cause(workshop: Workshop, experiment: Experiment, seconds: float, limits: Limits) -> Examination:
    """Halve what ran before a test, or vary what is around it; classify it."""
    seen = experiment.seen
    found = conclude(seen)
    if found is None and experiment.prefix:
        found = await _reduce(workshop, experiment, seconds, limits)
    if found is None and not seen.alone.failed and not any(run.failed(seen.test) for run in seen.runs):
        found = await _vary(workshop, seen, limits)
    if found is None:
        found = make(seen, "order-dependent", "It ended both ways in the orders tried; chance could not be excluded.")
    alone = f"python -m pytest {shlex.quote(selector(seen.test))}"
    return found.model_copy(update={"commands": found.commands or (alone,), "notes": (*experiment.notes, *found.notes)})


def conclude_elsewhere(test: str, alone: Tally, same: Tally, command: str) -> Examination:
    """Say the class of a test whose runner knows no orders of ours."""
    seen = Seen(test, alone, same, Tally(name="in other orders"))
    found = conclude(seen)
    if found is None and bool(alone.passed) != bool(same.passed):
        how = "passes alone and fails" if alone.passed else "fails alone and passes"
        found = make(seen, "victim" if alone.passed else "brittle", f"It {how} in the order the tests have.")
    found = found or say_not_shown(seen)
    return found.model_copy(update={"commands": (command,), "notes": (_ONLY_PYTHON,)})


async def _reduce(workshop: Workshop, experiment: Experiment, seconds: float, limits: Limits) -> Examination | None:
    """Find the fewest tests that make it end so; try them in a fresh process."""
    test = experiment.test
    plan = Plan(test=test, prefix=experiment.prefix, fails=experiment.fails, seconds=seconds, each=seconds / 4)
    reduced = (await run_orders(workshop, NO_CHANGES, plan)).reduced
    seen = experiment.seen
    if reduced is None:
        return None
    if reduced.ids is None:
        told = "It ended otherwise when the same order ran again: chance has a part in it."
        return make(seen, "non-deterministic", told)
    if not reduced.ids:
        return make(seen, "order-dependent", "It ends so once all test files are loaded, whatever test runs before it.")
    targets = [*reduced.ids, test]
    command = f"python -m pytest {shlex.join(selector(one) for one in targets)}"
    confirmed = len(targets) <= _NAMED and await _confirm(workshop, targets, fails=experiment.fails, limits=limits)
    return make(
        seen,
        "victim" if experiment.fails else "brittle",
        _say_cause(reduced, seen, fails=experiment.fails),
        others=reduced.ids[:_NAMED],
        commands=(command, f"python -m pytest {shlex.quote(selector(test))}"),
        confirmed=confirmed,
        message=reduced.message,
        bad_orders=((*reduced.ids, test), experiment.order) if experiment.fails else ((test,),),
    )


def _say_cause(reduced: Reduced, seen: Seen, *, fails: bool) -> str:
    others = reduced.ids or ()
    which = inline_code(others[0]) if len(others) == 1 else counted(len(others), "other test")
    alone = seen.alone
    if fails:
        return f"It fails when {which} ran before it, and passed alone {alone.passed} of {alone.seen} times."
    return f"It passes only when {which} ran before it, and failed alone {alone.failed} of {alone.seen} times."


async def _confirm(workshop: Workshop, targets: Sequence[str], *, fails: bool, limits: Limits) -> bool:
    """Return whether the command shows it in fresh processes, each time."""
    for _ in range(_CONFIRMED):
        verdict = (await workshop.test(NO_CHANGES, targets, limits=limits)).verdicts().get(targets[-1])
        if (verdict in ("failed", "error")) != fails or verdict is None:
            return False
    return True


async def _vary(workshop: Workshop, seen: Seen, limits: Limits) -> Examination:
    """Run it with other hash seeds and time zones."""
    tally, twice = await run_varied(workshop, seen.test, limits)
    if not tally.failed:
        shown = say_not_shown(seen)
        return shown.model_copy(update={"tallies": (*shown.tallies, tally), "notes": (_UNVARIED,)})
    if not twice:
        told = f"It failed {tally.failed} of {tally.seen} times {tally.name}, by chance."
        found = make(seen, "non-deterministic", told)
        return found.model_copy(update={"tallies": (*found.tallies, tally)})
    command = f"{twice} python -m pytest {shlex.quote(selector(seen.test))}"
    found = make(seen, "environment", f"It fails each time with `{twice}`, and passes otherwise.", confirmed=True)
    return found.model_copy(update={"tallies": (*found.tallies, tally), "commands": (command,)})


async def run_varied(workshop: Workshop, test: str, limits: Limits, changes: Changes = NO_CHANGES) -> tuple[Tally, str]:
    """Count how a test ends with each variation; return one that fails twice."""
    file = test.partition("::")[0]
    plan = Plan(targets=(file,), selector=selector(test), variations=_VARIATIONS, seconds=limits.seconds)
    varied = (await run_orders(workshop, changes, plan)).varied
    twice = [number for number, first, again in varied if first == again == 1]
    tally = Tally(
        name="with other hash seeds and time zones",
        passed=sum(first == 0 for _, first, _ in varied),
        failed=sum(first == 1 for _, first, _ in varied),
        lost=sum(first not in (0, 1) for _, first, _ in varied),
    )
    return tally, " ".join(f"{name}={value}" for name, value in _VARIATIONS[twice[0]].items()) if twice else ""
