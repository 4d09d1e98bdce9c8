"""Deliver a finished change: keep it, publish it, and explain a refusal."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bot.change import kept
from bot.change.approvals import ApprovalNeeded, PushClosed
from bot.change.handover import end, hand_over, leave_change
from bot.change.publication import notify, tell
from bot.change.recipe import AnyEvidence, Job
from bot.change.refusals import Refusal, explain
from bot.engine.port import Ctx, Outcome
from bot.git.errors import GitError
from bot.github.api.errors import GitHubError
from bot.markdown import code_block, folded
from bot.store import approvals
from bot.toolchains.port import ToolchainError


async def deliver(ctx: Ctx, job: Job[Any], evidence: AnyEvidence) -> Outcome:
    """Publish what is good enough; a refusal at the end loses no paid work."""
    if not job.recipe.may_publish(job.rules, evidence):
        return await tell(ctx, job, evidence)
    if not evidence.cost.calls:  # a change kept from an earlier attempt says what it cost there
        evidence = evidence.updated(cost=await ctx.step("account", job.cost))
    if job.task.origin.outlet == "result":
        return await hand_over(ctx, job, evidence)
    await ctx.step("keep", kept.keep, job, evidence)
    try:
        outcome = await job.recipe.publish(ctx, job, evidence)
    except ApprovalNeeded as needed:
        return await _wait(ctx, job, evidence, needed)
    except (GitError, GitHubError, ToolchainError, PushClosed) as error:
        return await _report_refusal(ctx, job, evidence, explain(error))
    if outcome.state != "refused":  # an issue that was closed meanwhile may be opened again
        await ctx.step("discard", kept.discard, job)
    return outcome


async def _wait(ctx: Ctx, job: Job[Any], evidence: AnyEvidence, needed: ApprovalNeeded) -> Outcome:
    """Show the finished change, and end until people have approved it."""
    report = evidence.report
    text = (
        f"The change is finished and kept, and not published yet. {needed.message} `/approve` does; it goes on with "
        "exactly this change, without asking a model.\n\n"
    )
    text += folded("The change", code_block(report.diff, "diff")) if report is not None else ""
    await ctx.step("leave-waiting", leave_change, job, evidence, retries=2)
    await ctx.step("notify-waiting", notify, job, text, retries=2)
    waits = {"waits_for": approvals.WAITS, "digest": needed.detail("digest"), "people": needed.detail("people")}
    return Outcome(
        state="awaiting_approval", summary=needed.message, data=end(evidence, None, text).model_dump() | waits
    )


async def _report_refusal(ctx: Ctx, job: Job[Any], evidence: AnyEvidence, refusal: Refusal) -> Outcome:
    """Say why a finished change could not be published."""
    text = job.recipe.words.write_refusal(evidence, refusal)
    await ctx.step("leave-refused", leave_change, job, evidence, retries=2)
    with suppress(GitError, GitHubError):
        await ctx.step("notify-refused", notify, job, text, retries=2)
    summary = f"The change is finished and kept, but it could not be published: {refusal.reason} {refusal.advice}"
    data = end(evidence, None, text).model_dump()
    return Outcome(state="refused", summary=f"{summary} Then `/retry` publishes it.", data=data)
