"""/explain: what lines, a change, or the code of an issue do."""

from __future__ import annotations

from bot.change.services import Services
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.intake.commands import ANYWHERE, Arguments, Command, Invocation
from bot.intake.start import begin_typed
from bot.report.talk import answer_text
from bot.talk.pipeline import run_ask
from bot.talk.records import TalkTask
from handlers.ask import talk_request

FLOW = "explain"


async def run(invocation: Invocation, services: Services) -> None:
    """Start: as a question does."""
    await begin_typed(services, invocation, talk_request(invocation, FLOW, alone=False))


def flow(services: Services) -> FlowSpec:
    """The workflow, bound to the services it runs with."""

    async def work(ctx: Ctx, task: TalkTask) -> Outcome:
        return await run_ask(ctx, services, FLOW, answer_text, task)

    return FlowSpec(name=FLOW, run=work, argument=TalkTask)


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
    run=run,
)
