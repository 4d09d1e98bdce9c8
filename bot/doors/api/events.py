"""Stream a task's events to programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import moment
from bot.doors.api.streams import Message, TaskStream
from bot.doors.api.views import clean, has_ended
from bot.store import tasks
from bot.store.tasks import Task, TaskEvent

_EVENT = {
    "description": "an event; `data` is JSON",
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    "required": ["id", "event", "data"],
}


@dataclass(frozen=True)
class EventStream(TaskStream):
    """The events of one task as JSON."""

    content: ClassVar[Mapping[str, Mapping[str, Any]]] = {"text/event-stream": _EVENT}

    async def tell(self, news: Sequence[TaskEvent]) -> list[Message]:
        """Return a message for each event; the task's end is the last."""
        return [self._tell(event) for event in news]

    def _tell(self, event: TaskEvent) -> Message:
        data = clean(self.context.services, {"at": moment(event.at), "kind": event.kind, **event.data})
        return Message(event.id, event.kind, json.dumps(data), last=event.kind == "ended")


async def open_stream(context: Context, caller: Caller, task: Task, after: int) -> EventStream | None:
    """Return the stream of a task, None where nothing follows."""
    if has_ended(task):
        left = await context.services.store.read(tasks.list_events, task.id, after)
        if not left:
            return None
    return EventStream(context, caller, after, task)
