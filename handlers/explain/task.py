"""Explain lines, a change, or the code an issue is about."""

from __future__ import annotations

from bot.dispatch.spec import Shown, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.answer.pipeline import run_ask
from handlers.answer.records import ExplainInput, TalkTask
from handlers.answer.stages import Stage


async def run(ctx: Ctx, services: Services, request: TalkTask[ExplainInput]) -> Outcome:
    """Explain the code."""
    return await run_ask(ctx, services, "explain", request)


TASK = TaskSpec(
    name="explain",
    summary="Explains the lines of a thread, a pull request's change, or the code an issue is about.",
    details="For somebody who knows the language but not this code. What you write behind it is answered too.",
    examples=(
        ("/explain", "explains what stands above the comment box"),
        ("/explain why is the loop needed?", "explains with that in mind"),
    ),
    input=ExplainInput,
    request=TalkTask[ExplainInput],
    run=run,
    subjects=frozenset({"issue", "pull", "thread", "repository"}),
    shown=Shown.REPLY,
    stages={Stage.READ: "Read what is asked", Stage.LOOK: "Look at the code", Stage.ANSWER: "Explain"},
    exclusive=False,
    opens=True,
    outlets=frozenset({"github", "result"}),
)
