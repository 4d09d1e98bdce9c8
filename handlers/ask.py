"""/ask: a question about the code, answered where it was asked, with every place in the code checked."""

from __future__ import annotations

from bot.change.services import Services
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.intake.commands import ANYWHERE, Arguments, Command, Invocation
from bot.intake.start import Request, begin_typed
from bot.report.talk import answer_text
from bot.talk.pipeline import run_ask
from bot.talk.records import TalkTask

FLOW = "ask"


async def run(invocation: Invocation, services: Services) -> None:
    """Start: questions do not wait for one another."""
    await begin_typed(services, invocation, talk_request(invocation, FLOW, alone=False))


def talk_request(invocation: Invocation, flow: str, *, alone: bool) -> Request:
    """The request for one of the conversations: ask, explain, describe, improve."""
    task = TalkTask(
        repository=invocation.repository,
        number=invocation.number,
        actor=invocation.actor,
        delivery=invocation.event.guid,
        text=invocation.argument,
        title=invocation.title,
        body=invocation.body,
        is_pull=invocation.place != "issue",
        triggered=invocation.typed_at,
        spot=invocation.spot,
        lines=invocation.lines,
    )
    return Request(event=invocation.event, flow=flow, argument=task, writes=False, alone=alone)


def flow(services: Services) -> FlowSpec:
    """The workflow, bound to the services it runs with."""

    async def work(ctx: Ctx, task: TalkTask) -> Outcome:
        return await run_ask(ctx, services, FLOW, answer_text, task)

    return FlowSpec(name=FLOW, run=work, argument=TalkTask)


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
    run=run,
)
