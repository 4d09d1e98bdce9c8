"""Stream a task's events as they happen (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import moment
from bot.doors.api.gate import repository_of
from bot.doors.api.operation import Sender
from bot.doors.api.problems import Problem
from bot.doors.api.views import clean, has_ended
from bot.store import tasks
from bot.store.tasks import Task, TaskEvent

_LOOK_SECONDS = 0.5
_BEAT = 30  # looks without news until a comment shows that the connection is alive
_CHECK = 120  # looks until caller and permission are looked at again
_A_CALLER = 10
_IN_ALL = 200
_EVENT = {
    "description": "an event; `data` is JSON",
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    "required": ["id", "event", "data"],
}


@dataclass(frozen=True)
class EventStream(Sender):
    """The events of one task behind ``after``."""

    content: ClassVar[Mapping[str, Mapping[str, Any]]] = {"text/event-stream": _EVENT}
    context: Context
    caller: Caller
    task: Task
    after: int

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send every event, until the task has ended or nobody listens.

        Raises :class:`Problem` (429) where too many are open.
        """
        caller = self.caller.id
        open_streams = self.context.streams
        if open_streams[caller] >= _A_CALLER or open_streams.total() >= _IN_ALL:
            raise Problem("Too many streams are open; close one.", status=429, headers={"Retry-After": "10"})
        open_streams[caller] += 1
        try:
            return await self._send(request)
        finally:
            open_streams[caller] -= 1
            if not open_streams[caller]:
                del open_streams[caller]

    async def _send(self, request: web.Request) -> web.StreamResponse:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
        response = web.StreamResponse(headers=headers)
        response.content_type = "text/event-stream"
        await response.prepare(request)
        with suppress(ConnectionError):
            async for text in self._texts(request):
                await response.write(text.encode())
            await response.write_eof()
        return response

    async def _texts(self, request: web.Request) -> AsyncIterator[str]:
        after = self.after
        for look in range(1, 2**31):
            news = await self._load(after)
            for event in news:
                after = event.id
                data = clean(self.context.services, {"at": moment(event.at), "kind": event.kind, **event.data})
                yield f"id: {event.id}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n"
                if event.kind == "ended":
                    return
            if look % _CHECK == 0 and not await self._may_go_on():
                return
            if not news and look % _BEAT == 0:
                yield ": still here\n\n"
            if request.transport is None:  # nobody listens any more
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self.context.closing.wait(), _LOOK_SECONDS)
                return

    async def _load(self, after: int) -> list[TaskEvent]:
        task = self.task.id
        return await self.context.services.store.run(lambda connection: tasks.list_events(connection, task, after))

    async def _may_go_on(self) -> bool:
        live = await self.caller.is_live(self.context.services.store)
        return live and await self.context.gate.reads(self.caller, repository_of(self.task))


async def open_stream(context: Context, caller: Caller, task: Task, after: int) -> EventStream | None:
    """Return the stream of a task, None where nothing follows."""
    if has_ended(task):
        left = await context.services.store.run(lambda connection: tasks.list_events(connection, task.id, after))
        if not left:
            return None
    return EventStream(context, caller, task, after)
