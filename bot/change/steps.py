"""Work in steps: after each the tests run, and the tree as it is then becomes a commit of its own."""

from __future__ import annotations

from typing import Any

from bot.change import gate_runner
from bot.change.conversation import add_message, hand_on
from bot.change.gates import regressions, take_tests_from_base
from bot.change.recipe import AnyEvidence, Job, WorkStep
from bot.change.records import Brief, Snapshot
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import Changes
from bot.markdown import counted
from bot.models.port import Message
from bot.types import JsonModel
from bot.work.loop import Hands, LoopLimits, work
from bot.work.prompts import render
from bot.work.records import Work

_LIMITS = LoopLimits(turns=40)
# a step that breaks tests is mended once; what is still broken becomes part of the next step's commit
_TRIES = 2
_LISTED = 20
_BROKEN = "Not done yet. These tests passed before this step and do not now."


class StepCheck(JsonModel):
    """Result of the tests after a step: a tree for a commit, or what broke."""

    snapshot: Snapshot | None = None
    broken: tuple[str, ...] = ()


async def work_in_steps(
    ctx: Ctx, job: Job[Any], evidence: AnyEvidence, system: str, state: Work, hands: Hands
) -> tuple[Work, tuple[Snapshot, ...]]:
    """Do all steps but the last, and tell the model the last.

    Returns the trees that are to be commits, those of the proof first. The work has not ended as ``finished`` where a
    limit stopped it midway.
    """
    steps = job.recipe.steps(evidence)
    if not steps:
        return state, ()
    brief = evidence.brief
    snapshots = [_snapshot_proof(evidence)] if evidence.proof is not None else []
    for number, step in enumerate(steps[:-1], 1):
        state = _tell(state, brief, step, number, len(steps))
        for attempt in range(_TRIES):
            state = await work(ctx, f"step-{number}-{attempt}", system, state, hands, _LIMITS)
            if state.ended != "finished":
                next_step = f"step-{number}-{attempt}-next"
                handed = await hand_on(ctx, job, next_step, brief, state) if attempt < _TRIES - 1 else None
                if handed is None:
                    return state, tuple(snapshots)
                state = handed
                continue
            name = f"step-{number}-{attempt}-check"
            tree = (brief.base_sha, step.subject, state.changes)
            checked = await ctx.step(name, check, job, evidence, *tree, interruptible=True)
            if not checked.broken:
                break
            state = add_message(state, brief, _BROKEN, "\n".join(checked.broken[:_LISTED]))
        snapshots += [checked.snapshot] if checked.snapshot is not None else []
    return _tell(state, brief, steps[-1], len(steps), len(steps)), tuple(snapshots)


async def check_again(ctx: Ctx, job: Job[Any], evidence: AnyEvidence, base_sha: str) -> tuple[Snapshot, ...]:
    """Return the trees that also pass on a newer base."""
    kept: list[Snapshot] = []
    for number, one in enumerate(evidence.snapshots):
        if evidence.proof is not None and one.changes == evidence.proof.files:
            kept.append(one)
            continue
        tree = (base_sha, one.subject, one.changes)
        checked = await ctx.step(f"step-new-base-{number}", check, job, evidence, *tree, interruptible=True)
        kept += [checked.snapshot] if checked.snapshot is not None else []
    return tuple(kept)


async def check(job: Job[Any], evidence: AnyEvidence, base_sha: str, subject: str, changes: Changes) -> StepCheck:
    """Run the tests of the baseline on a step's tree, and count the proof's."""
    base = evidence.baseline
    proof = evidence.proof
    if base is None:
        return StepCheck(snapshot=Snapshot(subject=subject, changes=changes, told="nothing was run"))
    mirror = await job.mirror(base_sha)
    existing = {entry.path for entry in await mirror.entries(base_sha)}
    workshop = job.workshop(base_sha)
    toolchain = workshop.toolchain()
    changes, _ = take_tests_from_base(changes, existing, toolchain.is_test, toolchain.is_test_config)
    await workshop.renew()
    seconds = job.policy.checks.minutes * 60
    after, flaky, run = await gate_runner.run_again(workshop, seconds, base, changes, existing)
    own = set(proof.targets) if proof is not None else set()
    lost = set(regressions(base.verdicts, after, complete=run.complete)) - set(flaky)
    broken = tuple(sorted(name for name in lost if name.partition("::")[0] not in own))
    if not run.complete:
        broken = (*broken, f"The run gave no usable result ({run.result.ended}).")
    passing = sum(after.get(name) == "passed" for name in proof.tests) if proof is not None else 0
    told = f"no test lost; {passing} of {len(proof.tests)} new tests pass" if proof is not None else "no test lost"
    await job.stage(Stage.EDIT, "started", f"{subject}: {counted(len(broken), 'test')} broken" if broken else subject)
    return StepCheck(snapshot=None if broken else Snapshot(subject=subject, changes=changes, told=told), broken=broken)


def _snapshot_proof(evidence: AnyEvidence) -> Snapshot:
    """Return the tree with nothing but the new tests, which fail there."""
    proof = evidence.proof
    assert proof is not None, "only a proof that there is becomes a commit"
    count = len(proof.tests)
    told = f"{counted(count, 'new test')} {'fails' if count == 1 else 'fail'}, {proof.runs} of {proof.runs}"
    return Snapshot(subject="Add the acceptance tests", changes=proof.files, told=told)


def _tell(state: Work, brief: Brief, step: WorkStep, number: int, steps: int) -> Work:
    text = render("change/step.md.j2", task=step.task, number=number, steps=steps, nonce=brief.nonce)
    return state.model_copy(update={"messages": (*state.messages, Message(role="user", text=text))})
