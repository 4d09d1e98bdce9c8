"""Run again what a crash kept from running, without what crashed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Case, End, Plan, Problem, Record, Start

# A crash ends all tests of its process: those behind it are run again without it, at most so often.
_ROUNDS = 4
# Characters of keys that one command line holds; what a crash leaves beyond is told as lost.
_KEYS = 100_000
# Files that are run each by itself.
_ALONE = 40


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
    end = [End()] if all(one.ended for one in rounds) else []
    return Round(join_results([one.result for one in rounds]), [*_strip_ends(rounds), *end])


async def run_apart(
    run: Callable[[Sequence[str]], Awaitable[Round]], files: Sequence[str], name: Callable[[str], str]
) -> Round:
    """Run files together, then alone each file that reported no test.

    One that does not load may keep all from running. ``name`` returns a file's path from the root of the tree.
    """
    found = await run(files)
    seen = {file for record in found.records if (file := _find_file(record))}
    left = [file for file in files if name(file) not in seen]
    if found.ended or not left or found.result.ended != "exit":
        return found
    if len(files) == 1:
        message = found.result.output.strip() or "It ends the process while it is loaded."
        return Round(found.result, [Problem(id=name(files[0]), phase="collect", message=message), End()])
    # a run that told nothing is explained by what each file says
    rounds = [found] if found.records else []
    rounds += [await run_apart(run, [file], name) for file in left[:_ALONE]]
    whole = len(left) <= _ALONE and all(one.ended for one in rounds)
    return Round(join_results([one.result for one in rounds]), [*_strip_ends(rounds), *([End()] if whole else [])])


def _find_file(record: Record) -> str:
    """Return the file of a record's test, "" for a record of none."""
    match record:
        case Plan(id=id) | Start(id=id) | Problem(id=id):
            return id.partition("::")[0]
        case Case(case=case):
            return case.id.partition("::")[0]
    return ""


def _strip_ends(rounds: Sequence[Round]) -> list[Record]:
    """Return the records of rounds without the ends of whole runs."""
    return [record for one in rounds for record in one.records if not (isinstance(record, End) and not record.file)]


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
