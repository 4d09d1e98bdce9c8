"""What the four conversations share: one starts from a command and answers where that was typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.dispatch.start import Request, begin_typed
from bot.doors.comments.commands import Invocation
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.work.services import Services
from handlers.answer.records import TalkTask


@dataclass(frozen=True)
class Conversation:
    """A conversation by the name of its command; of those that are ``alone`` there is one at a time here."""

    name: str
    work: Callable[[Ctx, Services, TalkTask], Awaitable[Outcome]]
    alone: bool = False

    async def begin(self, invocation: Invocation, services: Services) -> None:
        """Start it for whoever typed the command."""
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
        request = Request(event=invocation.event, flow=self.name, argument=task, writes=False, alone=self.alone)
        await begin_typed(services, invocation, request)

    def flow(self, services: Services) -> FlowSpec:
        """The workflow, bound to the services it runs with."""

        async def work(ctx: Ctx, task: TalkTask) -> Outcome:
            return await self.work(ctx, services, task)

        return FlowSpec(name=self.name, run=work, argument=TalkTask)
