"""Tell people how a change ended: the comment that notifies, the words where nothing came of it."""

from __future__ import annotations

from typing import Any

from bot.change.handover import end, leave_change
from bot.change.recipe import AnyEvidence, Job
from bot.engine.port import Ctx, Outcome
from bot.github.api.scopes import COMMENT
from bot.github.resources import issues
from bot.github.text.markers import Marker
from bot.work.locked import unless_locked

# the section of our pull requests' text that is written anew when they are revised
EVIDENCE = "evidence"


async def notify(job: Job[Any], text: str) -> int | None:
    """Post the one comment that notifies people, and return its id.

    It is posted once, however often the step runs. Returns None in a locked conversation, which undoes nothing of what
    was published, and where nothing may be posted on GitHub.
    """
    if job.task.quiet or job.task.subject.number is None:
        return None
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, COMMENT)
    marker = Marker(task=job.task_id, part="final")
    bot = await job.services.github.bot()
    body = job.services.outgoing(text)
    with unless_locked("notify"):
        comment = await issues.ensure_comment(github, repository, job.task.number, body, marker=marker, bot_id=bot.id)
        return comment.id
    return None


async def tell(ctx: Ctx, job: Job[Any], evidence: AnyEvidence) -> Outcome:
    """End unpublished, and comment on it unless the rules want silence."""
    evidence = evidence.updated(cost=await ctx.step("account-told", job.cost))
    await ctx.step("leave-told", leave_change, job, evidence, retries=2)
    text = job.recipe.words.write_failure(evidence)
    if job.rules.unverified != "off":
        await ctx.step("notify", notify, job, text, retries=2)
    return Outcome(state="unverified", summary=_reason(evidence), data=end(evidence, None, text).model_dump())


def _reason(evidence: AnyEvidence) -> str:
    if evidence.report is not None and not evidence.report.passed:
        return "These gates did not pass: " + ", ".join(gate.name for gate in evidence.report.failed())
    if evidence.notes:
        return evidence.notes[-1]
    objection: str = evidence.judgement.objection if evidence.judgement is not None else ""
    return objection or "Nothing was changed."
