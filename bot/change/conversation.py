"""Write what the editing model is told: the rules, and the results that send it back to work."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import Job
from bot.change.records import Brief, CodeLocation
from bot.models.port import Message
from bot.work.prompts import render
from bot.work.records import Work


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
    """Return the same work with a result added to the conversation."""
    text = render("change/again.md.j2", why=why, detail=detail, nonce=brief.nonce)
    return state.model_copy(update={"messages": (*state.messages, Message(role="user", text=text))})
