"""The durable inbox: one writer thread with its own connection, and one commit for all who wait (group commit)."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.store import deliveries
from bot.store.deliveries import Delivery, Ended
from bot.store.store import Store, create_engine
from bot.types import ForgehandError

_BATCH = 256


class NotStored(ForgehandError):
    """The database did not take the delivery; it must not be acknowledged."""


@dataclass(frozen=True)
class _Waiting:
    """Something to write, and who waits for it."""

    item: Delivery | Ended
    written: asyncio.Future[bool]


class Inbox:
    """Writes deliveries and how they ended. All methods belong to one event loop."""

    def __init__(self, store: Store) -> None:
        self._engine = create_engine(store.engine.url.render_as_string(hide_password=False))
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_until_closed, name="inbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def put(self, delivery: Delivery) -> bool:
        """Return once the delivery is on disk: True where it was taken, False for one that is done or open already.

        Raises :class:`NotStored`.
        """
        return await self._enqueue(delivery)

    async def end(self, guid: str, error: str | None) -> None:
        """Mark a delivery done, or failed with a reason. Raises :class:`NotStored`."""
        await self._enqueue(Ended(guid, error))

    def close(self) -> None:
        """Write what waits, then stop."""
        if self._loop is not None:
            self._queue.put(None)
            self._thread.join()
        self._engine.dispose()

    async def _enqueue(self, item: Delivery | Ended) -> bool:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._thread.start()
        written: asyncio.Future[bool] = self._loop.create_future()
        self._queue.put(_Waiting(item, written))
        return await written

    def _write_until_closed(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, closing = [first], False
            while len(batch) < _BATCH and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    closing = True
                    break
                batch.append(more)
            self._write(batch)
            if closing:
                return

    def _write(self, batch: Sequence[_Waiting]) -> None:
        error: NotStored | None = None
        wanted: set[str] = set()
        try:
            wanted = self._commit([waiting.item for waiting in batch])
        except SQLAlchemyError as failure:
            error = NotStored(f"The database refused to store deliveries ({type(failure).__name__}).")
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_tell, batch, wanted, error)

    def _commit(self, items: Sequence[Delivery | Ended]) -> set[str]:
        arrived = [item for item in items if isinstance(item, Delivery)]
        ended = [item for item in items if isinstance(item, Ended)]
        with metrics.COMMIT_SECONDS.time(), self._engine.begin() as connection:
            if ended:
                deliveries.end(connection, ended)
            return deliveries.put(connection, arrived) if arrived else set()


def _tell(batch: Sequence[_Waiting], wanted: set[str], error: NotStored | None) -> None:
    """Answer all who wait; of several copies of a GUID in one batch only the first counts."""
    for waiting in batch:
        if waiting.written.done():
            continue
        if error is not None:
            waiting.written.set_exception(error)
        else:
            waiting.written.set_result(waiting.item.guid in wanted)
            wanted.discard(waiting.item.guid)
