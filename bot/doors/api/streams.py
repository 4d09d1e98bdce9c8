"""Send what happens to a task as it happens (server-sent events).

A stream waits for the process's one reader of events; it asks the database nothing while it is open, but for what its
words need.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from aiohttp import web
from aiohttp_sse import EventSourceResponse

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.gate import repository_of
from bot.doors.api.operation import Sender
from bot.doors.api.problems import Problem
from bot.store import tasks
from bot.store.feed import Hearing
from bot.store.tasks import Task, TaskEvent
from bot.types import ForgehandError

_LOOK_SECONDS = 5.0  # until a client that went away is missed
_CHECK_SECONDS = 300.0  # until caller and permission are looked at again
_A_CALLER = 10
_IN_ALL = 1200
log = structlog.get_logger(__name__)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Message(NamedTuple):
    """Something to send; nothing follows the ``last`` one."""

    id: int
    event: str
    data: str
    last: bool = False


@dataclass(frozen=True)
class NewsStream(Sender):
    """The news behind the event ``after``, of one task or of all."""

    context: Context
    caller: Caller
    after: int

    @property
    def subject(self) -> str | None:
        """Return the only task whose news is streamed."""
        return None

    @abstractmethod
    async def tell(self, news: Sequence[TaskEvent]) -> Sequence[Message]:
        """Return what to send of new events, oldest first."""

    @abstractmethod
    async def load_missed(self) -> Sequence[TaskEvent]:
        """Return the events that came before anybody listened."""

    async def may_go_on(self) -> bool:
        """Return False once the caller may not be told any more."""
        return await self.caller.is_live(self.context.services.store)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send every message, until the last one or until nobody listens.

        Raises :class:`Problem` (429) where too many are open.
        """
        with _place(self.context, self.caller):
            response = EventSourceResponse(sep="\n")
            response.headers.update(_HEADERS)
            await response.prepare(request)
            with suppress(ConnectionError, TimeoutError):
                try:
                    async with response, self.context.feed.listen(self.subject) as hearing:
                        async for message in self._follow(request, hearing):
                            await response.send(message.data, str(message.id), message.event)
                except ForgehandError as error:  # the answer has begun: whoever comes back is told
                    log.info("a stream ended early", reason=error.message)
            return response

    async def _follow(self, request: web.Request, hearing: Hearing) -> AsyncIterator[Message]:
        clock = asyncio.get_running_loop().time
        after = self.after
        news = await self.load_missed()
        checked = clock()
        while True:
            news = [event for event in news if event.id > after]
            after = news[-1].id if news else after
            for message in await self.tell(news) if news else ():
                yield message
                if message.last:
                    return
            if hearing.over or request.transport is None:  # nobody tells any more, or nobody listens
                return
            if clock() - checked >= _CHECK_SECONDS:
                if not await self.may_go_on():
                    return
                checked = clock()
            news = await hearing.take(_LOOK_SECONDS)


@dataclass(frozen=True)
class TaskStream(NewsStream):
    """The news of one task."""

    task: Task

    @property
    def subject(self) -> str:
        """Return the task whose news is streamed."""
        return self.task.id

    async def load_missed(self) -> Sequence[TaskEvent]:
        """Return the task's events that came before anybody listened."""
        return await self.context.services.store.read(tasks.list_events, self.task.id, self.after)

    async def may_go_on(self) -> bool:
        """Return False once the caller may not read the task any more."""
        return await super().may_go_on() and await self.context.gate.reads(self.caller, repository_of(self.task))


@contextmanager
def _place(context: Context, caller: Caller) -> Iterator[None]:
    """Count a stream while it is open."""
    streams = context.streams
    if streams[caller.id] >= _A_CALLER or streams.total() >= _IN_ALL:
        raise Problem("Too many streams are open; close one.", status=429, headers={"Retry-After": "10"})
    streams[caller.id] += 1
    try:
        yield
    finally:
        streams[caller.id] -= 1
        if not streams[caller.id]:
            del streams[caller.id]
