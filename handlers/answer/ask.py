"""/ask: a question about the code, answered where it was asked, with every place in the code checked."""

from __future__ import annotations

from bot.doors.comments.commands import ANYWHERE, Arguments, Command
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.answer.conversation import Conversation
from handlers.answer.pipeline import run_ask
from handlers.answer.records import TalkTask
from handlers.answer.words import answer_text

FLOW = "ask"


async def work(ctx: Ctx, services: Services, task: TalkTask) -> Outcome:
    """Answer the question."""
    return await run_ask(ctx, services, FLOW, answer_text, task)


TALK = Conversation(FLOW, work)
COMMAND = Command(
    name="ask",
    summary="Answers a question about the code, with links to the lines that the answer rests on.",
    explanation="On a line of a diff it is about that hunk; on a pull request about its change; on an issue about the "
    "code on the default branch. A model that can only read looks things up; code checks every place it names.",
    examples=(
        ("/ask Who calls this, and with what?", "answers in the same thread"),
        ("/ask Where are prices rounded?", "answers below, with links"),
    ),
    places=ANYWHERE,
    arguments=Arguments("<question>", text=True, required=True),
    run=TALK.begin,
)
