"""Run a change from request to result: read, find, prepare, prove, edit, gate, judge, publish, remember.

Every line that touches the world is a step. Wherever capabilities differ the pipeline asks the recipe.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from bot.change import baseline, editor, gate_runner, kept, localization
from bot.change.conversation import add_message, hand_on, render_system
from bot.change.delivery import deliver
from bot.change.publication import tell
from bot.change.recipe import AnyEvidence, Job, ProofResult, Recipe
from bot.change.records import Baseline, Brief, BriefT, Claims, CodeLocation
from bot.change.stages import Stage
from bot.change.steps import work_in_steps
from bot.engine.port import Ctx, Outcome, Step
from bot.git.changes import Changes
from bot.models.port import ModelError
from bot.settings import ModelRole
from bot.work.loop import LoopLimits, work
from bot.work.origin import Request
from bot.work.records import Work
from bot.work.services import Services
from bot.work.workshop import BaseInstallation

# the gates may send an edit back three times; what fails then has failed in four different ways
_ROUNDS = 4
_LIMITS = LoopLimits()
_ROLE: ModelRole = "fix"
_OBJECTED = (
    "A second model objects. Where it is right, fix the code and show it with a new test; where it is wrong, say so "
    "with what shows it."
)


async def run_change(ctx: Ctx, services: Services, recipe: Recipe[Any, Any, Any], task: Request[Any]) -> Outcome:
    """Bring one task from its trigger to a result that people can see."""
    policy = await ctx.step("policy", services.policies.load, task.repository, retries=2)
    job = Job(services, ctx.task_id, task, policy, recipe.rules(policy).max_dollars, recipe)
    finished = await ctx.step("kept", kept.find, job)
    if finished is not None:
        return await deliver(ctx, job, recipe.evidence.model_validate(finished.evidence))
    brief = await ctx.step("read", _unless_short(recipe.read) if recipe.needs_model else recipe.read, job, retries=2)
    if brief.stop:
        return Outcome(state="refused", summary=brief.stop)
    brief = await ctx.step("fetch", recipe.fetch, job, brief, retries=2)
    found, base = await _look_around(ctx, job, brief)
    evidence: AnyEvidence = recipe.evidence(task=task, brief=brief, baseline=base)
    proved = await recipe.proof.prove(ctx, job, evidence, found)
    evidence = evidence.updated(proof=proved.proof, tries=proved.tries, **proved.fields).noted(proved.note)
    if proved.ended:
        return await tell(ctx, job, evidence)
    if evidence.made is None:
        evidence = await _edit(ctx, job, evidence, found, proved)
    else:
        evidence = await _check_made(ctx, job, evidence, evidence.made)
    return await deliver(ctx, job, evidence)


def _unless_short(read: Callable[[Job[Any]], Awaitable[BriefT]]) -> Callable[[Job[Any]], Awaitable[BriefT]]:
    """Stop where not even a short question may be asked of a model.

    In the step that reads, because a new one would break off what ran when a build is rolled out.
    """

    @functools.wraps(read)  # its annotations say what the step stores
    async def run(job: Job[Any]) -> BriefT:
        brief = await read(job)
        return brief if brief.stop else brief.model_copy(update={"stop": await job.find_shortfall(_ROLE) or None})

    return run


async def _look_around(ctx: Ctx, job: Job[Any], brief: Brief) -> tuple[CodeLocation, Baseline | None]:
    """Find and install side by side; run the tests if any code may run."""
    if not brief.runs:
        return await ctx.step("find", localization.find, job, brief), None
    steps: dict[str, Step[Any]] = {
        "find": Step(localization.find, (job, brief)),
        "install": Step(baseline.install, (job, brief), interruptible=True),
    }
    branches = await ctx.parallel(steps)
    found: CodeLocation = branches["find"]
    installed: BaseInstallation = branches["install"]
    return found, await ctx.step("baseline", baseline.baseline, job, brief, found, installed, interruptible=True)


async def _edit(
    ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation, proved: ProofResult
) -> AnyEvidence:
    """Edit, gate, judge; retry with the failures, up to ``_ROUNDS`` times."""
    # A model that fails on the way ends the work, not the evidence: what was proved and checked by then is reported.
    brief = evidence.brief
    state = await ctx.step("edit-prompt", editor.start_editing, job, evidence, found, proved.messages)
    state = state.model_copy(update={"tries": proved.tries})
    hands = await editor.edit_hands(ctx, job, evidence, found)
    system = render_system(job, brief, found)
    try:
        state, snapshots = await work_in_steps(ctx, job, evidence, system, state, hands)
    except ModelError as error:
        return evidence.noted(f"The work was stopped: {error}")
    evidence = evidence.updated(snapshots=snapshots)
    if state.ended != "finished":
        return _stop(evidence, state)
    said: tuple[str, tuple[str, str]] | None = None
    gated: Changes | None = None
    for attempt in range(_ROUNDS):
        try:
            state = await work(ctx, f"edit-{attempt}", system, state, hands, _LIMITS)
            if state.ended != "finished":
                next_step = f"edit-{attempt}-next"
                handed = await hand_on(ctx, job, next_step, brief, state) if attempt < _ROUNDS - 1 else None
                if handed is None:
                    return _stop(evidence, state)
                state = handed
                continue
            evidence = await _check(ctx, job, evidence, state, gated, attempt)
            gated = state.changes if evidence.report is not None else gated
        except ModelError as error:
            return evidence.noted(f"The work was stopped: {error}")
        why = _objection(evidence)
        if why is None or said == (state.model, why):
            break  # done, or the same gates fail a model in the same way again: another round would change nothing
        said = (state.model, why)
        state = add_message(state, brief, *why)
    return evidence


def _stop(evidence: AnyEvidence, state: Work) -> AnyEvidence:
    stopped = evidence.updated(unusable=state.ended == "malformed", tries=state.tries, author=state.model)
    return stopped.noted(f"The work was stopped: {state.summary}.")


async def _check_made(ctx: Ctx, job: Job[Any], evidence: AnyEvidence, made: Changes) -> AnyEvidence:
    """Check a change that a program made: there is nobody to send it back to."""
    told = f"{evidence.claims.cause}\n{evidence.claims.change}"
    try:
        return await _check(ctx, job, evidence, Work(changes=made, summary=told), None, 0)
    except ModelError as error:
        return evidence.noted(f"The work was stopped: {error}")


async def _check(
    ctx: Ctx, job: Job[Any], evidence: AnyEvidence, state: Work, gated: Changes | None, attempt: int
) -> AnyEvidence:
    """Run the gates on the finished change, then ask the judge.

    What an earlier round was told does not count for this one. ``gated`` is the change that the gates saw last. Where
    nothing but the proof was changed there is nothing to check.
    """
    cause, _, change = state.summary.partition("\n")
    claims = Claims(cause=cause, change=change)
    evidence = evidence.updated(claims=claims, judgement=None, tries=state.tries, author=state.model)
    if set(state.changes.files) <= set(evidence.begun.files):
        await ctx.step(f"unchanged-{attempt}", job.stage, Stage.EDIT, "failed", "nothing was changed")
        return evidence.updated(report=None)
    if gated == state.changes and evidence.report is not None:
        report = evidence.report  # the same tree: what the gates found of it holds
    else:
        gate = gate_runner.gate
        sha = evidence.brief.base_sha
        report = await ctx.step(f"gate-{attempt}", gate, job, evidence, sha, state.changes, interruptible=True)
        evidence = evidence.updated(report=report)
    if not report.passed:
        return evidence
    step = f"judge-{attempt}"
    judgement = await ctx.step(step, job.recipe.judge, job, evidence, step, interruptible=True)
    return evidence.updated(judgement=judgement, objections=evidence.objections + (not judgement.passed))


def _objection(evidence: AnyEvidence) -> tuple[str, str] | None:
    """Return what the edit goes back for: gates each round, a judge once."""
    report = evidence.report
    judgement = evidence.judgement
    if report is None:
        return ("You changed nothing but the proof.", "The code is as it was.") if evidence.proof is not None else None
    if not report.passed:
        names = ", ".join(gate.name for gate in report.failed())
        return f"These gates did not pass: {names}.", report.complaints()
    if judgement is None or judgement.passed or evidence.objections > 1:
        return None
    return _OBJECTED, judgement.objection
