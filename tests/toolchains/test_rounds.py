"""What a crash kept from running runs again without it, a bounded number of times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Case, End, Fold, Folded, Plan, Record, Start
from bot.toolchains.port import TestCase
from bot.toolchains.rounds import Round, join_results, run_apart, run_rounds

Ended = Literal["exit", "timeout", "memory", "cancelled"]


class Runner:
    """Runs tests by name: ``crash`` ends the process, ``mute`` ends it before the first test."""

    def __init__(self, *names: str, ended: Ended = "exit") -> None:
        self.names = names
        self.ended = ended
        self.asked: list[list[str]] = []

    async def run(self, left: Sequence[Plan]) -> Round:
        chosen = [plan.key for plan in left] or list(self.names)
        self.asked.append(chosen)
        records: list[Record] = [Plan(id=f"a::{name}", key=name) for name in chosen]
        for name in chosen:
            if name == "mute":
                return Round(self._end(0), records)
            records.append(Start(id=f"a::{name}", key=name))
            if name.startswith("crash"):
                return Round(self._end(0), records)
            records.append(Case(case=TestCase(id=f"a::{name}", verdict="passed"), key=name))
        return Round(self._end(0), [*records, End()])

    def _end(self, code: int) -> CommandResult:
        return CommandResult(
            argv=("x",), exit_code=code, output="told. ", truncated=False, seconds=1.0, peak_mb=None, ended=self.ended
        )


async def fold(runner: Runner) -> Folded:
    found = await run_rounds(runner.run)
    return Fold().add(found.records).close(found.result)


async def test_a_run_that_ends_well_runs_once() -> None:
    runner = Runner("one", "two")
    folded = await fold(runner)
    assert (folded.completeness.ok, len(runner.asked)) == (True, 1)


async def test_what_stands_behind_a_crash_runs_without_it() -> None:
    runner = Runner("one", "crash", "two", "crash again", "three")
    folded = await fold(runner)
    assert runner.asked[1:] == [["two", "crash again", "three"], ["three"]]
    assert {case.id: case.verdict for case in folded.cases} == {
        "a::one": "passed", "a::crash": "error", "a::two": "passed", "a::crash again": "error", "a::three": "passed",
    }  # fmt: skip
    assert (folded.completeness.ok, folded.completeness.culprits) == (False, ("a::crash", "a::crash again"))


@pytest.mark.parametrize(
    ("runner", "rounds"),
    [
        (Runner(*(f"crash {number}" for number in range(9))), 4),
        (Runner("one", "mute", "two"), 2),
        (Runner("one", "crash", "two", ended="timeout"), 1),
        (Runner("crash", *(f"{number:0200000}" for number in range(2))), 1),
    ],
    ids=["crashes again and again", "gets nowhere", "has no time left", "more names than a command line holds"],
)
async def test_there_is_an_end_and_what_was_not_reached_is_lost(runner: Runner, rounds: int) -> None:
    folded = await fold(runner)
    assert len(runner.asked) == rounds
    assert not folded.completeness.ok
    assert folded.completeness.lost


async def test_the_results_of_all_rounds_are_one() -> None:
    found = await run_rounds(Runner("crash", "two").run)
    assert (found.result.output, found.result.seconds) == ("told. told. ", 2.0)


def test_of_several_commands_the_stopped_one_counts_more_than_a_failed_one() -> None:
    """A test that hangs behind a failed command is told as a timeout, not as a crash."""
    failed = CommandResult(argv=("a",), exit_code=1, output="", truncated=False, seconds=1, peak_mb=None, ended="exit")
    stopped = failed.model_copy(update={"exit_code": None, "ended": "timeout"})
    assert join_results([failed, stopped]).ended == "timeout"
    assert join_results([failed, failed.model_copy(update={"exit_code": 0})]).exit_code == 1


class Loader(Runner):
    """Runs files of one test each; a file whose name begins with ``bad`` ends all before any test."""

    async def load(self, files: Sequence[str]) -> Round:
        self.asked.append(list(files))
        if any(file.startswith("bad") for file in files):
            return Round(self._end(1), [])
        records: list[Record] = [Case(case=TestCase(id=f"{file}::one", verdict="passed")) for file in files]
        return Round(self._end(0), [*records, End()])


async def test_a_file_that_keeps_all_from_running_is_told_and_the_others_run() -> None:
    loader = Loader()
    found = await run_apart(loader.load, ["a", "bad", "b"], str)
    assert loader.asked == [["a", "bad", "b"], ["a"], ["bad"], ["b"]]
    folded = Fold().add(found.records).close(found.result)
    told = {case.id: (case.verdict, case.phase) for case in folded.cases}
    assert told == {"a::one": ("passed", "call"), "bad": ("error", "collect"), "b::one": ("passed", "call")}
    assert folded.completeness.ok


async def test_files_that_run_together_run_once_and_too_many_are_not_believed() -> None:
    loader = Loader()
    await run_apart(loader.load, ["a", "b"], str)
    assert loader.asked == [["a", "b"]]
    many = await run_apart(loader.load, ["bad", *(f"{number}" for number in range(40))], str)
    assert not Fold().add(many.records).close(many.result).completeness.ok
