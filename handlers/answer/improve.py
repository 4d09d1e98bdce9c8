"""/improve: suggestions on lines of a pull request that can be committed with a click."""

from __future__ import annotations

from bot.doors.comments.commands import ON_PULLS, Command
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.answer.conversation import Conversation
from handlers.answer.pipeline import ImproveWords, run_improve
from handlers.answer.records import TalkTask
from handlers.answer.words import improved_text, suggestion_text

FLOW = "improve"
WORDS = ImproveWords(improved_text, suggestion_text)


async def work(ctx: Ctx, services: Services, task: TalkTask) -> Outcome:
    """Suggest what is new and can be committed."""
    return await run_improve(ctx, services, WORDS, task)


TALK = Conversation(FLOW, work, alone=True)
COMMAND = Command(
    name="improve",
    summary="Suggests better code on lines of the pull request, to be committed with a click.",
    explanation="Every suggestion was checked: it stands on lines of the change, applies to the head, and the file "
    "parses afterwards. What a thread says already, open or resolved, is not said again. No tests are run: for changes "
    "that are tested there is `/revise` and `/fix`.",
    examples=(("/improve", "makes a few suggestions on the present head, or none"),),
    places=ON_PULLS,
    run=TALK.begin,
    needs_open=True,
)
