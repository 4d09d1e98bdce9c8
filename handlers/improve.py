"""/improve: suggestions on lines of a pull request that can be committed with a click."""

from __future__ import annotations

from bot.change.services import Services
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.intake.commands import ON_PULLS, Command, Invocation
from bot.intake.start import begin_typed
from bot.report.talk import improved_text, suggestion_text
from bot.talk.pipeline import ImproveWords, run_improve
from bot.talk.records import TalkTask
from handlers.ask import talk_request

FLOW = "improve"
WORDS = ImproveWords(improved_text, suggestion_text)


async def run(invocation: Invocation, services: Services) -> None:
    """Start: one at a time."""
    await begin_typed(services, invocation, talk_request(invocation, FLOW, alone=True))


def flow(services: Services) -> FlowSpec:
    """The workflow, bound to the services it runs with."""

    async def work(ctx: Ctx, task: TalkTask) -> Outcome:
        return await run_improve(ctx, services, WORDS, task)

    return FlowSpec(name=FLOW, run=work, argument=TalkTask)


COMMAND = Command(
    name="improve",
    summary="Suggests better code on lines of the pull request, to be committed with a click.",
    explanation="Every suggestion was checked: it stands on lines of the change, applies to the head, and the file "
    "parses afterwards. No tests are run: for changes that are tested there is `/revise` and `/fix`.",
    examples=(("/improve", "makes a few suggestions on the present head, or none"),),
    places=ON_PULLS,
    run=run,
    needs_open=True,
)
