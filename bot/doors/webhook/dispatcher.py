"""Run the handlers of stored deliveries, in the process that stored them.

Each runs at least once, so handlers must be safe to repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic

import sqlalchemy as sa
import structlog

from bot import metrics
from bot.doors.webhook.inbox import Inbox
from bot.doors.webhook.router import C, DeliveryRefused, Event, Handler, Router
from bot.store import deliveries
from bot.store.database import DatabaseAway, now_ms
from bot.store.deliveries import Delivery
from bot.store.store import Store
from bot.types import ForgehandError

_SMALL = 64 * 1024
_HELD = 100
_WORKERS = 16
# Seconds between attempts. After a failure people are told within a minute; an outage of GitHub's, or a rate limit,
# which is lifted within the hour, is waited for.
_PAUSES = (1.0, 5.0, 25.0)
_OUTAGE_PAUSES = (1.0, 5.0, 25.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0)
_DEADLINE = 60.0
_DRAIN = 5.0
_LOOK_SECONDS = 5.0  # between looks for deliveries of dead processes

FindDead = Callable[[sa.Connection, Collection[str]], set[str]]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Todo(Generic[C]):
    """A delivery to handle, its ``event`` if read, and the handlers ``left``.

    ``received`` (ms) is known where it arrived here.
    """

    guid: str
    event: Event | None = None
    received: int | None = None
    attempt: int = 0
    left: tuple[Handler[C], ...] | None = None


class Dispatcher(Generic[C]):
    """A dispatcher that handles deliveries concurrently, with retries.

    What fails is tried again after each of ``pauses`` (seconds), then recorded as failed. ``outages`` pass by
    themselves: they are tried for an hour, and no sooner than their ``retry_after``. ``permanent`` errors are not tried
    again. A handler has one minute; its work belongs into the engine. If a handler fails for good, ``gave_up`` is
    called once, best effort. Handlers come from :class:`bot.doors.handlers.Handlers`. Where several processes share the
    database, ``find_dead`` says which of some owners are dead: their deliveries are taken over.
    """

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        router: Router[C],
        context: C,
        *,
        permanent: tuple[type[Exception], ...] = (),
        outages: tuple[type[Exception], ...] = (),
        gave_up: Handler[C] | None = None,
        find_dead: FindDead | None = None,
        pauses: Sequence[float] = _PAUSES,
        outage_pauses: Sequence[float] = _OUTAGE_PAUSES,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._router = router
        self._context = context
        self._permanent: tuple[type[Exception], ...] = (DeliveryRefused, *permanent)
        self._outages: tuple[type[Exception], ...] = (DatabaseAway, *outages)
        self._gave_up = gave_up
        self._find_dead = find_dead
        self._pauses = tuple(pauses)
        self._outage_pauses = tuple(outage_pauses)
        self._queue: asyncio.Queue[_Todo[C] | None] = asyncio.Queue()
        self._begun: set[str] = set()
        self._workers: list[asyncio.Task[None]] = []
        self._closing = False

    async def run(self) -> None:
        """Handle what earlier processes left, then what comes.

        What processes leave that die is looked for all the time. It runs until it is cancelled. Then running handlers
        get five seconds to end; what is not done stays open for the next start.
        """
        await self._adopt(own=True)
        self._workers = [asyncio.create_task(self._work(), name=f"dispatch-{number}") for number in range(_WORKERS)]
        try:
            while (await asyncio.wait(self._workers, timeout=_LOOK_SECONDS))[1]:
                try:
                    await self._adopt(own=False)
                except Exception:  # whatever it was, new deliveries are handled
                    log.exception("no look for deliveries of dead processes, trying again")
        finally:
            await self._drain()

    async def accept(self, event: Event, body: bytes) -> bool:
        """Store the event, then queue it for a worker.

        Returns once it is on disk; False if it was stored before. Small events are kept in memory while few wait; the
        others are read again. Raises :class:`bot.doors.webhook.inbox.NotStored`.
        """
        wanted = bool(self._router.handlers(event.name, event.action))
        taken = await self._inbox.put(Delivery(event.guid, event.name, body, wanted))
        if taken and wanted:
            held = event if len(body) <= _SMALL and self._queue.qsize() < _HELD else None
            self._begin(_Todo(event.guid, held, now_ms()))
        elif not taken:
            metrics.DUPLICATES.inc()
        return taken

    @property
    def alive(self) -> bool:
        """Return True while deliveries are being handled."""
        return bool(self._workers) and not any(worker.done() for worker in self._workers)

    async def _adopt(self, *, own: bool) -> None:
        """Take over the open deliveries of dead processes.

        ``own``: those of an earlier process of our name too, and those that name no owner.
        """
        if not own and self._find_dead is None:
            return
        ours: set[str | None] = {self._inbox.owner, None} if own else set()

        def take(connection: sa.Connection) -> list[str]:
            others = {each for each in deliveries.list_owners(connection) if each is not None} - ours
            dead = self._find_dead(connection, others) if self._find_dead is not None else set()
            lost = dead | ours
            return deliveries.adopt(connection, lost, self._inbox.owner) if lost else []

        left = await self._store.run(take)
        for guid in left:
            self._begin(_Todo(guid))
        metrics.RECOVERED.inc(len(left))

    def _begin(self, todo: _Todo[C]) -> None:
        """Queue a delivery once, though it arrived while we looked for open ones."""
        if todo.guid not in self._begun:
            self._begun.add(todo.guid)
            self._queue.put_nowait(todo)

    async def _drain(self) -> None:
        self._closing = True
        for _ in self._workers:
            self._queue.put_nowait(None)
        _, slow = await asyncio.wait(self._workers, timeout=_DRAIN)
        for worker in slow:
            worker.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    async def _work(self) -> None:
        while (todo := await self._queue.get()) is not None and not self._closing:
            try:
                await self._handle(todo)
            except Exception:
                log.exception("delivery not handled", delivery=todo.guid)
                self._later(self._pauses[-1] if self._pauses else 0.0, todo)

    async def _handle(self, todo: _Todo[C]) -> None:
        try:
            event, received = (todo.event, todo.received) if todo.event else await self._read(todo.guid)
        except DeliveryRefused as refused:
            await self._end(todo.guid, str(refused))
            return
        repository = event.repository()
        with (
            structlog.contextvars.bound_contextvars(
                delivery=event.guid, event_name=event.name, repository=repository.full_name if repository else None
            ),
            metrics.awaiting_sign(received or now_ms()),
        ):
            await self._attempt(todo, event)

    async def _read(self, guid: str) -> tuple[Event, int | None]:
        delivery = await self._store.run(deliveries.load, guid)
        if delivery is None:
            raise DeliveryRefused("The delivery is no longer stored.")
        event = await asyncio.to_thread(Event.parse, delivery.guid, delivery.event, delivery.payload)
        return event, delivery.received

    async def _attempt(self, todo: _Todo[C], event: Event) -> None:
        handlers = self._router.handlers(event.name, event.action) if todo.left is None else todo.left
        errors = {handler: error for handler in handlers if (error := await self._run(handler, event)) is not None}
        final = next((error for error in errors.values() if isinstance(error, self._permanent)), None)
        left = tuple(handler for handler, error in errors.items() if not isinstance(error, self._permanent))
        pause = self._pause(todo.attempt, [errors[handler] for handler in left])
        if left and pause is not None:
            again = _Todo(todo.guid, attempt=todo.attempt + 1, left=left)
            if final is not None:
                log.error("handler refused for good", reason=_describe(final))
            self._later(pause, again)
            return
        problem = final or next(iter(errors.values()), None)
        if problem is not None and self._gave_up is not None:
            await self._run(
                self._gave_up, event
            )  # before the end: whoever takes the delivery over tells it again, once
        await self._end(todo.guid, None if problem is None else _describe(problem))

    def _pause(self, attempt: int, errors: Sequence[Exception]) -> float | None:
        """Return the seconds to wait after an attempt; None after the last."""
        passing = [error for error in errors if isinstance(error, self._outages)]
        pauses = self._outage_pauses if passing else self._pauses
        if attempt >= len(pauses):
            return None
        asked = [error.detail("retry_after") for error in passing if isinstance(error, ForgehandError)]
        return max([pauses[attempt], *(float(seconds) for seconds in asked if isinstance(seconds, int | float))])

    async def _run(self, handler: Handler[C], event: Event) -> Exception | None:
        try:
            async with asyncio.timeout(_DEADLINE):
                await handler(event, self._context)
        except Exception as error:
            if isinstance(error, TimeoutError) and self._store.waiting:
                return DatabaseAway("The database is away.")
            log.warning("handler failed", handler=f"{handler.__module__}.{handler.__qualname__}", exc_info=True)
            return error
        return None

    async def _end(self, guid: str, error: str | None) -> None:
        await self._inbox.end(guid, error)
        self._begun.discard(guid)
        metrics.HANDLED.labels("done" if error is None else "failed").inc()
        if error is None:
            log.debug("delivery handled", delivery=guid)
        else:
            log.error("delivery failed", delivery=guid, reason=error)

    def _later(self, seconds: float, todo: _Todo[C]) -> None:
        asyncio.get_running_loop().call_later(seconds, self._queue.put_nowait, todo)


def _describe(error: Exception) -> str:
    """Return the error for people: our words as they are, others' class."""
    text = error.message if isinstance(error, ForgehandError) else f"{type(error).__name__}: {error}"
    return text[:2000]
