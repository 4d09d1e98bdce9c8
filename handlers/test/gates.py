"""Keep only tests that earn their place: they pass in any order, run the target and notice a fault nobody noticed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Gate
from bot.change.suppressions import suppressions_gate
from bot.git.changes import Changes
from bot.markdown import counted
from bot.mutation.records import Mutant, RecordedTest, Survey
from bot.mutation.runner import measure_mutants
from bot.toolchains.port import Toolchain
from handlers.test.objections import fuzz_gate, honesty_gate
from handlers.test.records import TargetSurvey, WriteTestsJob, survey_of
from handlers.test.survey import make_plan

ORDERS = 3
_WHY = {
    "not covered": "no test runs it",
    "survived": "tests run it, and none notices the change",
    "timeout": "the changed code did not end, so nothing is known",
    "unusable": "the changed code could not be loaded or crashed",
    "not run": "it was left out: there was no time for more",
}


async def judge_new_tests(job: WriteTestsJob, evidence: AnyEvidence, base_sha: str, changes: Changes) -> Sequence[Gate]:
    """Read the new tests, then measure what they notice."""
    survey = survey_of(evidence)
    assert survey is not None, "without a survey nothing was edited"
    mirror = await job.mirror(base_sha)
    toolchain = job.workshop(base_sha).toolchain()
    existing = {entry.path for entry in await mirror.entries(base_sha)}
    targets = await read_targets(job, base_sha, survey)
    fuzz = job.task.input.fuzz
    read = [
        new_tests_gate(changes, existing, toolchain),
        suppressions_gate(await mirror.diff(base_sha, changes), toolchain.is_test),
        honesty_gate(changes, targets, fuzz=fuzz),
        *([fuzz_gate(changes, targets)] if fuzz else []),
    ]
    if not all(gate.passed for gate in read):
        return read
    return [*read, *judge_survey(survey, await measure_new_tests(job, base_sha, survey, changes, ORDERS))]


async def read_targets(job: Job[Any], sha: str, survey: TargetSurvey) -> dict[str, str]:
    """Return the texts of the target's files."""
    mirror = await job.mirror(sha)
    return {path: await mirror.read(sha, path) or "" for path in survey.scopes}


async def measure_new_tests(
    job: Job[Any], base_sha: str, survey: TargetSurvey, changes: Changes, orders: int
) -> Survey:
    """Run the new test files against the mutants that no test noticed."""
    workshop = job.workshop(base_sha)
    written = [path for path, text in sorted(changes.files.items()) if text is not None]
    only = tuple(mutant.id for mutant in survey.mutants)
    targets = tuple(workshop.toolchain().targets(written))
    plan = make_plan(job, survey.scopes, targets, only=only, every=True, orders=orders, results=True)
    return await measure_mutants(workshop, changes, plan)


def new_tests_gate(changes: Changes, existing: Collection[str], toolchain: Toolchain) -> Gate:
    """Require that nothing but new test files is in the change."""
    wrong = [
        path
        for path in sorted(changes.files)
        if path in existing or not toolchain.is_test(path) or toolchain.is_test_config(path)
    ]
    return Gate(
        name="only new tests",
        passed=not wrong,
        after=counted(len(changes.files), "new file"),
        detail="\n".join(f"{path} is no new test file" for path in wrong),
        parts={} if wrong else {"implementation": "No product code was changed."},
    )


class Judged(NamedTuple):
    """New tests by function: all of them, and what is wrong with some.

    A file that cannot be collected is ``unstable`` by its path.
    """

    functions: tuple[str, ...]
    unstable: dict[str, str]
    idle: dict[str, str]


def judge_tests(survey: TargetSurvey, measured: Survey) -> Judged:
    """Say what is wrong with each test function; parameters count together."""
    groups: dict[str, list[RecordedTest]] = {}
    for test in measured.tests:
        groups.setdefault(name_function(test.id), []).append(test)
    judged = [mutant for mutant in measured.mutants if mutant.counts]
    killers = {name_function(test) for mutant in judged for test in mutant.killers()}
    looked_at = [*judged, *measured.results]
    asserters = {name_function(test) for mutant in looked_at for test in mutant.asserters()}
    unstable = {path: f"{path} cannot be collected: {said[-300:]}" for path, said in measured.unloaded}
    idle = {}
    for name, tests in groups.items():
        bad = next((test.outcome for test in tests if test.outcome != "passed"), None)
        if bad is not None:
            unstable[name] = f"{name} does not pass in each of {ORDERS} orders: {bad}"
        elif not any(test.lines.get(path) for test in tests for path in survey.scopes):
            idle[name] = f"{name} runs nothing of {survey.name}"
        elif name not in killers:
            idle[name] = f"{name} notices no fault that was not noticed before: remove it, or make it assert more"
        elif name not in asserters and not survey.fuzz:
            idle[name] = f"{name} notices faults only where the code raises: let it assert what comes out"
    return Judged(tuple(groups), unstable, idle)


def judge_survey(survey: TargetSurvey, measured: Survey) -> list[Gate]:
    """Judge the new tests by what was measured."""
    judged = judge_tests(survey, measured)
    missing = ["No test was collected."] if not judged.functions else []
    problem = [measured.problem] if measured.problem else []
    noticed = {mutant.id for mutant in measured.mutants if _is_noticed(mutant)}
    seconds = sum(test.seconds for test in measured.tests)
    faults = [*problem, *missing, *judged.idle.values()]
    after = f"{survey.killed + len(noticed)} of {survey.judged}"
    return [
        Gate(
            name="passes in any order",
            passed=not judged.unstable,
            after=f"{counted(len(judged.functions), 'test')}, {ORDERS} of {ORDERS} orders"
            if not judged.unstable
            else "no",
            detail="\n".join(judged.unstable.values()),
        ),
        Gate(
            name="faults noticed",
            passed=not faults and bool(noticed),
            before=f"{survey.killed} of {survey.judged}",
            after=after,
            detail="\n".join(faults) or write_gaps(list_left(survey, measured)),
            parts={
                "tests": f"Of {survey.judged} small faults in {survey.name} the tests noticed {survey.killed} before "
                f"and {survey.killed + len(noticed)} now.",
                "performance": f"The new tests take {seconds:.2f} s of processor time.",
            },
        ),
    ]


def _is_noticed(mutant: Mutant) -> bool:
    return mutant.counts and bool(mutant.killers())


def list_left(survey: TargetSurvey, measured: Survey) -> list[Mutant]:
    """Return what no test notices still.

    What the new tests do not run, the others may: then what was found of those before holds.
    """
    before = {mutant.id: mutant for mutant in survey.mutants}
    left = [mutant for mutant in measured.mutants if not _is_noticed(mutant)]
    return [before[mutant.id] if mutant.verdict == "not covered" else mutant for mutant in left]


def write_gaps(left: Sequence[Mutant]) -> str:
    """Write what stays untested and why, one line each."""
    return "\n".join(f"{one.place}: {_WHY.get(one.verdict, 'a test fails outside its body only')}" for one in left)


def name_function(test: str) -> str:
    """Return a test's id without its parameters."""
    return test.partition("[")[0]
