"""Write what the editing model is told: the rules, and the results that send it back to work."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import Job
from bot.change.records import Brief, CodeLocation
from bot.engine.port import Ctx
from bot.models.port import Message
from bot.work.prompts import render
from bot.work.records import Try, Work


def render_system(job: Job[Any], brief: Brief, found: CodeLocation) -> str:
    """Render our rules and the repository's guidelines."""
    return render(
        f"{job.recipe.prompts}/system.md.j2",
        repository=job.task.repository.full_name,
        nonce=brief.nonce,
        guidelines=found.guidelines,
        runs=brief.runs,
    )


def add_message(state: Work, brief: Brief, why: str, detail: str) -> Work:
    """Return the same work with a result added to the conversation.

    It counts as a try that did not pass: what comes next may be another model's.
    """
    text = render("change/again.md.j2", why=why, detail=detail, nonce=brief.nonce)
    tries = (*state.tries, Try(model=state.model, why=why))
    messages = (*state.messages, Message(role="user", text=text))
    return state.model_copy(update={"messages": messages, "tries": tries})


async def hand_on(ctx: Ctx, job: Job[Any], step: str, brief: Brief, state: Work) -> Work | None:
    """Return work that ended unfinished as another model's, if one is next.

    The choice is a step: settings may have changed when it is replayed.
    """
    if state.ended in ("dollars", "wall clock"):
        return None
    failed = len(state.tries)
    if not await ctx.step(step, has_other_model, job, failed):
        return None
    return add_message(state, brief, "The work before did not come to its end.", state.summary)


async def has_other_model(job: Job[Any], failed: int) -> bool:
    """Say whether one more failed try brings another model."""
    return job.choose_model("fix", failed) != job.choose_model("fix", failed + 1)
