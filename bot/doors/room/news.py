"""Tell open lists that tasks changed: which, and whether one may have come, gone or moved.

The browser asks for its list again then: what may be seen is decided there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from bot.doors.api.operation import Sent
from bot.doors.api.streams import Message, NewsStream
from bot.doors.room.page import Answer, Pages
from bot.doors.room.visit import Visit
from bot.store import sessions, tasks
from bot.store.tasks import TaskEvent

pages = Pages("news")
_MOST_MISSED = 500
_MOVES = ("queued", "started", "ended", "cancel_requested")


class Place(Sent):
    """The event that a stream goes on behind."""

    after: int = Field(default=0, ge=0, le=2**53)


@dataclass(frozen=True)
class ListStream(NewsStream):
    """The news of the tasks that a person may see."""

    content: ClassVar[Mapping[str, Mapping[str, Any]]] = {"text/event-stream": {"type": "string"}}
    visit: Visit

    async def load_missed(self) -> Sequence[TaskEvent]:
        """Return the first events that came since the list was made."""
        return await self.context.services.store.read(tasks.list_news, self.after, _MOST_MISSED)

    async def may_go_on(self) -> bool:
        """Return False once the session has ended, or sees other repositories."""
        assert self.visit.signed is not None, "the page is for people who are signed in"
        mine = self.visit.signed.session
        account = None if mine.account is None else mine.account.id
        live = await self.context.services.store.read(sessions.list_of, account)
        return any((one.id, one.seen) == (mine.id, mine.seen) for one in live)

    async def tell(self, news: Sequence[TaskEvent]) -> list[Message]:
        """Return one message about the tasks that the person may see."""
        mine = await self._find_mine({event.task for event in news})
        kinds = {event.kind for event in news if event.task in mine}
        told = {"tasks": sorted(mine), "moved": not kinds.isdisjoint(_MOVES)}
        return [Message(news[-1].id, "news", json.dumps(told))] if mine else []

    async def _find_mine(self, ids: Collection[str]) -> Collection[str]:
        """Return those tasks that the person may see."""
        if self.caller.seen is None:
            return ids

        async def load() -> dict[str, int]:
            return await self.context.services.store.read(tasks.find_repositories, ids)

        places = await self.visit.desk.share(("news", frozenset(ids)), load)
        seen = {one.repository.id for one in self.caller.seen.values()}
        return {one for one, repository in places.items() if repository in seen}


@pages.add("GET", "/live", access="person", title="News")
async def follow_tasks(visit: Visit) -> Answer:
    """Send which tasks changed, as long as a list is open."""
    return await ListStream(visit.context, visit.caller, read_place(visit), visit).send(visit.request)


def read_place(visit: Visit) -> int:
    """Return the event that a browser has seen last, 0 for none."""
    last = visit.request.headers.get("Last-Event-ID", "")
    return int(last) if last.isascii() and last.isdigit() and len(last) < 17 else visit.read_query(Place).after
