"""/describe: what a pull request does, written into its text below the author's own words."""

from __future__ import annotations

from bot.change.services import Services
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.intake.commands import ON_PULLS, Command, Invocation
from bot.intake.start import begin_typed
from bot.report.talk import described_text, description_text
from bot.talk.pipeline import DescribeWords, run_describe
from bot.talk.records import TalkTask
from handlers.ask import talk_request

FLOW = "describe"
WORDS = DescribeWords(description_text, described_text)


async def run(invocation: Invocation, services: Services) -> None:
    """Start: one description at a time."""
    await begin_typed(services, invocation, talk_request(invocation, FLOW, alone=True))


def flow(services: Services) -> FlowSpec:
    """The workflow, bound to the services it runs with."""

    async def work(ctx: Ctx, task: TalkTask) -> Outcome:
        return await run_describe(ctx, services, WORDS, task)

    return FlowSpec(name=FLOW, run=work, argument=TalkTask)


COMMAND = Command(
    name="describe",
    summary="Writes a title, a summary and a walkthrough of all files into the pull request's text.",
    explanation="The author's text stays as it is; our part stands below it and is replaced when you ask again. A "
    "diagram is added where several parts work together in a new way.",
    examples=(("/describe", "describes the present head"),),
    places=ON_PULLS,
    run=run,
    needs_open=True,
)
