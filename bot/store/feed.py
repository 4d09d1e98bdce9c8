"""Tell all who listen in this process of the new events of tasks.

One reader serves them all, and nothing is read while nobody listens. PostgreSQL says when there is something to read;
SQLite is looked into twice a second.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import sqlalchemy as sa
import structlog

from bot.store import tasks
from bot.store.ear import Ear
from bot.store.store import Store
from bot.store.tasks import TaskEvent

_LOOK_SECONDS = 0.5
_HEARING_SECONDS = 15.0  # between looks while we are told of news: a message may get lost
_BATCH = 500
_MOST_UNREAD = 2000
log = structlog.get_logger(__name__)


class Hearing:
    """One listener's events that it has not taken yet."""

    def __init__(self) -> None:
        self.over = False  # nothing more will come; whoever wants to go on listens anew
        self._unread: list[TaskEvent] = []
        self._news = asyncio.Event()

    def give(self, event: TaskEvent) -> None:
        """Add an event that concerns this listener."""
        if len(self._unread) >= _MOST_UNREAD:  # it is too slow; it will find the rest in the database
            self.end()
        elif not self.over:
            self._unread.append(event)
            self._news.set()

    def end(self) -> None:
        """Let nothing more come."""
        self.over = True
        self._news.set()

    async def take(self, seconds: float) -> list[TaskEvent]:
        """Return what is new, waiting so long for it; empty where nothing is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        taken, self._unread = self._unread, []
        if not self.over:
            self._news.clear()
        return taken


class Feed:
    """The news of all tasks in this process; it belongs to one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stirred = asyncio.Event()
        self._hearings: defaultdict[str | None, set[Hearing]] = defaultdict(set)
        self._reading: asyncio.Task[None] | None = None
        self._begun: asyncio.Future[int] | None = None
        self._closed = False
        shared = store.engine.dialect.name == "postgresql"
        self._ear = Ear(store.engine, tasks.EVENTS, self._stirred.set) if shared else None

    @property
    def reads(self) -> bool:
        """Return True while anything is read from the database."""
        return self._reading is not None

    @asynccontextmanager
    async def listen(self, task: str | None = None) -> AsyncIterator[Hearing]:
        """Listen to a task, or to all of them.

        What is in the database by now may be told once more; what comes later is told in any case, until the hearing is
        ``over``.
        """
        hearing = Hearing()
        self._hearings[task].add(hearing)
        try:
            if self._closed:
                hearing.end()
            else:
                await asyncio.shield(self._begin())
            yield hearing
        finally:
            self._hearings[task].discard(hearing)
            if not self._hearings[task]:
                del self._hearings[task]
                self._stirred.set()  # the reader sees that nobody is left

    async def close(self) -> None:
        """End every hearing, and those to come."""
        self._closed = True
        self._end_all()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    def _begin(self) -> asyncio.Future[int]:
        """Have a reader; return what is done once it has its place."""
        if self._reading is None or self._begun is None:
            self._begun = asyncio.get_running_loop().create_future()
            self._reading = asyncio.create_task(self._read(self._begun))
        return self._begun

    async def _read(self, begun: asyncio.Future[int]) -> None:
        try:
            await self._open_ear()
            after = await self._store.read(tasks.find_newest)
            begun.set_result(after)
            while self._hearings:
                self._stirred.clear()
                news = await self._store.read(tasks.list_news, after, _BATCH)
                for event in news:
                    after = event.id
                    self._tell(event)
                if len(news) < _BATCH:
                    await self._wait()
        except Exception:  # the boundary of the one reader: its listeners come again, and have another
            log.exception("reading the events of tasks failed")
            self._end_all()
        finally:
            self._reading = None
            if self._ear is not None:
                self._ear.close()
            if not begun.done():
                begun.set_result(0)

    def _tell(self, event: TaskEvent) -> None:
        for wanted in (event.task, None):
            for hearing in self._hearings.get(wanted, ()):
                hearing.give(event)

    def _end_all(self) -> None:
        for hearings in self._hearings.values():
            for hearing in hearings:
                hearing.end()

    async def _wait(self) -> None:
        """Wait until there may be news, or nobody is left."""
        if not self._hearings:
            return
        await self._open_ear()
        deaf = self._ear is None or not self._ear.hears
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS if deaf else _HEARING_SECONDS):
                await self._stirred.wait()

    async def _open_ear(self) -> None:
        if self._ear is None:
            return
        try:
            await self._ear.ensure()
        except sa.exc.DBAPIError as error:  # the store waits for the database; until then we look
            log.warning("cannot listen for events of tasks", reason=str(error.orig))
