"""/describe: what a pull request does, written into its text below the author's own words."""

from __future__ import annotations

from bot.doors.comments.commands import ON_PULLS, Command
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.answer.conversation import Conversation
from handlers.answer.pipeline import DescribeWords, run_describe
from handlers.answer.records import TalkTask
from handlers.answer.words import described_text, description_text

FLOW = "describe"
WORDS = DescribeWords(description_text, described_text)


async def work(ctx: Ctx, services: Services, task: TalkTask) -> Outcome:
    """Describe the present head."""
    return await run_describe(ctx, services, WORDS, task)


TALK = Conversation(FLOW, work, alone=True)
COMMAND = Command(
    name="describe",
    summary="Writes a title, a summary and a walkthrough of all files into the pull request's text.",
    explanation="The author's text stays as it is; our part stands below it and is replaced when you ask again. A "
    "diagram is added where several parts work together in a new way.",
    examples=(("/describe", "describes the present head"),),
    places=ON_PULLS,
    run=TALK.begin,
    needs_open=True,
)
