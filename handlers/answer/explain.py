"""/explain: what lines, a change, or the code of an issue do."""

from __future__ import annotations

from bot.doors.comments.commands import ANYWHERE, Arguments, Command
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.answer.conversation import Conversation
from handlers.answer.pipeline import run_ask
from handlers.answer.records import TalkTask
from handlers.answer.words import answer_text

FLOW = "explain"


async def work(ctx: Ctx, services: Services, task: TalkTask) -> Outcome:
    """Explain what it was typed on."""
    return await run_ask(ctx, services, FLOW, answer_text, task)


TALK = Conversation(FLOW, work)
COMMAND = Command(
    name="explain",
    summary="Explains the lines of a thread, a pull request's change, or the code an issue is about.",
    explanation="For somebody who knows the language but not this code. What you write behind it is answered too.",
    examples=(
        ("/explain", "explains what stands above the comment box"),
        ("/explain why is the loop needed?", "explains with that in mind"),
    ),
    places=ANYWHERE,
    arguments=Arguments("[what]", text=True),
    run=TALK.begin,
)
