"""Run again what a crash kept from running, without what crashed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Case, End, Plan, Record, Start

# A crash ends all tests of its process: those behind it are run again without it, at most so often.
_ROUNDS = 4
# Characters of keys that one command line holds; what a crash leaves beyond is told as lost.
_KEYS = 100_000


class Round(NamedTuple):
    """One command, and what its reporter told."""

    result: CommandResult
    records: Sequence[Record]

    @property
    def ended(self) -> bool:
        """Return whether the report has an end."""
        return any(isinstance(record, End) and not record.file for record in self.records)


async def run_rounds(run: Callable[[Sequence[Plan]], Awaitable[Round]]) -> Round:
    """Run everything, then what was planned and never begun.

    ``run`` is given the tests to run, none at first. The whole has an end where every command's report has one.
    """
    rounds = [await run(())]
    left = _find_unreached(rounds)
    while 0 < sum(len(plan.key) for plan in left) < _KEYS and len(rounds) < _ROUNDS:
        if rounds[-1].result.ended != "exit":
            break
        rounds.append(await run(left))
        still = _find_unreached(rounds)
        if len(still) == len(left):
            break
        left = still
    told = [record for one in rounds for record in one.records if not (isinstance(record, End) and not record.file)]
    end = [End()] if all(one.ended for one in rounds) else []
    return Round(join_results([one.result for one in rounds]), [*told, *end])


def _find_unreached(rounds: Sequence[Round]) -> list[Plan]:
    """Return the planned tests that no command has begun."""
    records = [record for one in rounds for record in one.records]
    begun = {(record.id, record.key) for record in records if isinstance(record, Start)}
    begun |= {(record.case.id, record.key) for record in records if isinstance(record, Case)}
    planned = {(record.id, record.key): record for record in records if isinstance(record, Plan) and record.id}
    return [plan for key, plan in planned.items() if key not in begun]


def join_results(results: Sequence[CommandResult]) -> CommandResult:
    """Return several results as one: stopped or failed where any was."""
    stopped = [one for one in results if one.ended != "exit"]
    worst = next((one for one in [*stopped, *results] if not one.ok), results[0])
    output = "".join(one.output for one in results)
    return worst.model_copy(update={"output": output, "seconds": sum(one.seconds for one in results)})
