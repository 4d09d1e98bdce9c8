"""Draft a change: a specification, then a plan that another model has read, each paid for once."""

from __future__ import annotations

from typing import Any, NamedTuple

from bot.change import issue, localization
from bot.change.recipe import Job
from bot.change.records import Brief
from bot.engine.port import Ctx, Outcome
from bot.plans.records import Draft
from bot.work.results import Ending
from handlers.plan import history, publication
from handlers.plan.lookup import read_customs
from handlers.plan.planning import review, write_plan
from handlers.plan.specification import specify
from handlers.plan.words import write_questions

# a plan that a second model objects to is written once more
_ROUNDS = 2


class Drafted(NamedTuple):
    """A draft, whether people have approved it, and whether it is new."""

    draft: Draft
    approved: bool
    fresh: bool


async def make_draft(ctx: Ctx, job: Job[Any]) -> Drafted | Outcome:
    """Draft what the issue asks for, as far as that was not done before.

    Returns the outcome if the task ends before there is a plan.
    """
    past = await ctx.step("recall", history.recall, job)
    if past.draft is not None and past.draft.plan is not None:
        return Drafted(past.draft, past.approved, fresh=False)
    brief = await ctx.step("draft-read", issue.read, job, retries=2)
    if brief.stop:
        return Outcome(state="refused", summary=brief.stop)
    brief = await ctx.step("draft-fetch", issue.fetch, job, brief, retries=2)
    draft = await _write(ctx, job, brief, past.draft)
    await ctx.step("keep-draft", history.keep, job, draft)
    if draft.plan is None:
        return await _ask(ctx, job, draft)
    return Drafted(draft, approved=False, fresh=True)


async def _write(ctx: Ctx, job: Job[Any], brief: Brief, known: Draft | None) -> Draft:
    found = await ctx.step("draft-find", localization.find, job, brief)
    customs = await ctx.step("customs", read_customs, job, brief, found)
    draft = await ctx.step("specify", specify, job, brief, found, customs, known, interruptible=True)
    if draft.specification.questions:
        return draft
    for attempt in range(_ROUNDS):
        name = f"plan-{attempt}"
        draft = await ctx.step(name, write_plan, job, brief, found, customs, draft, attempt, interruptible=True)
        draft = await ctx.step(f"{name}-review", review, job, brief, draft, attempt, interruptible=True)
        if not draft.objections:
            break
    return draft


async def _ask(ctx: Ctx, job: Job[Any], draft: Draft) -> Outcome:
    """Ask in one comment what has to be known, and wait for the answer."""
    text = write_questions(draft.specification, quiet=job.task.quiet)
    await ctx.step("ask", publication.ask, job, text, retries=2)
    questions = len(draft.specification.questions)
    summary = f"{questions} questions are open." if questions > 1 else "One question is open."
    return Outcome(state="awaiting_answer", summary=summary, data=Ending(report=text).model_dump())
