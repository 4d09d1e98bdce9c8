"""Measure, before any edit, which mutants of the target no test notices."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bot.change.recipe import AnyEvidence, Job, ProofResult
from bot.change.records import Baseline, Brief, CodeLocation
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import Changes
from bot.mutation.records import Plan, Scope, Survey
from bot.mutation.runner import measure_mutants
from bot.types import JsonModel
from bot.work.inquiry import index
from handlers.test.invitations import find_invitations
from handlers.test.records import TargetSurvey
from handlers.test.target import Target, find_changed, find_mentioned, find_named

# With more files than this, their texts are not searched for names.
_MOST_FILES = 2000


class Surveyed(JsonModel):
    """A survey, or in words why there is none."""

    survey: TargetSurvey | None = None
    problem: str = ""


class UnnoticedMutants:
    """A prover that requires mutants of the target that no test notices."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult:
        """Find the target and its mutants; end the task if tests notice all."""
        target = await ctx.step("target", find_target, job, evidence.brief)
        if target.problem:
            return ProofResult(note=target.problem, ended=True)
        base = evidence.baseline
        surveyed = await ctx.step("survey", survey, job, evidence.brief, base, target, interruptible=True)
        if surveyed.survey is None:
            return ProofResult(note=surveyed.problem, ended=True)
        return ProofResult(fields={"survey": surveyed.survey})


async def find_target(job: Job[Any], brief: Brief) -> Target:
    """Find what tests are wanted for."""
    await job.stage(Stage.PROVE, "started")
    sha = brief.base_sha
    mirror = await job.mirror(sha)
    toolchain = job.workshop(sha).toolchain()
    entries = await mirror.entries(sha)
    paths = [one.path for one in entries if one.path.endswith(".py") and not toolchain.is_test(one.path)]
    texts = {path: await mirror.read(sha, path) for path in paths} if len(paths) <= _MOST_FILES else {}
    if job.task.input.target:
        return find_named(job.task.input.target, paths, texts.get)
    if brief.pull is not None:
        return find_changed(await mirror.diff(brief.pull.merge_base, sha), paths)
    return find_mentioned(f"{brief.title}\n{brief.body}", paths, texts.get)


async def survey(job: Job[Any], brief: Brief, base: Baseline | None, target: Target) -> Surveyed:
    """Measure the target's mutants with the existing tests."""
    workshop = job.workshop(brief.base_sha)
    plan = make_plan(job, target.scopes, base.targets if base is not None else ())
    measured = await measure_mutants(workshop, Changes(), plan)
    if measured.problem and not measured.mutants:
        return Surveyed(problem=measured.problem)
    wanted = measured.open_mutants()
    if not wanted:
        return Surveyed(problem=_say_nothing_is_left(measured, target))
    counted = Counter(mutant.verdict for mutant in measured.mutants if mutant.counts)
    mirror = await job.mirror(brief.base_sha)
    texts = {path: await mirror.read(brief.base_sha, path) or "" for path in target.scopes}
    found = TargetSurvey(
        name=target.name,
        scopes=target.scopes,
        mutants=wanted,
        verdicts=dict(counted),
        tests=_say_tests(measured, base),
        nearby=await _find_nearby(job, brief, target),
        invitations=find_invitations(texts, target.scopes, fuzz=job.task.input.fuzz),
        fuzz=job.task.input.fuzz,
        uses_hypothesis=any(workshop.env.glob("**/site-packages/hypothesis")),
    )
    await job.stage(Stage.PROVE, "done", f"{len(wanted)} of {found.judged} small faults are noticed by no test")
    return Surveyed(survey=found)


async def _find_nearby(job: Job[Any], brief: Brief, target: Target) -> tuple[str, ...]:
    """Return the test files that exercise the target, at most five a file."""
    code = await index(job, brief.base_sha)
    return tuple(dict.fromkeys(test for path in target.scopes for test in code.find_tests(path)))


def make_plan(job: Job[Any], scopes: dict[str, Scope], targets: tuple[str, ...], **more: Any) -> Plan:
    """Return a plan with the time limit of the repository's own tests."""
    return Plan(files=scopes, targets=targets, seconds=job.policy.checks.minutes * 60, **more)


def _say_nothing_is_left(measured: Survey, target: Target) -> str:
    killed = sum(one.verdict == "killed" and one.counts for one in measured.mutants)
    if not measured.mutants:
        return f"There is nothing in {target.name} that a test could check: it holds no condition, number or result."
    rest = len(measured.mutants) - killed
    return f"The tests notice all {killed} small faults in {target.name} that could be judged ({rest} could not)."


def _say_tests(measured: Survey, base: Baseline | None) -> str:
    passed = sum(test.outcome == "passed" for test in measured.tests)
    scope = f" ({base.scope})" if base is not None and passed else ""
    return f"none of {passed} tests{scope}" if passed else "no test"
