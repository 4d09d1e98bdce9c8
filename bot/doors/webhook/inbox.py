"""Store deliveries durably: one writer thread, group commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot import metrics
from bot.store import deliveries
from bot.store.database import create_engine
from bot.store.deliveries import Delivery, DeliveryEnd
from bot.store.store import Store
from bot.types import ForgehandError

_BATCH = 256


class NotStored(ForgehandError):
    """A delivery that the database did not take: do not acknowledge it."""


@dataclass(frozen=True)
class _Waiting:
    """Something to write, and who waits for it."""

    item: Delivery | DeliveryEnd
    written: asyncio.Future[bool]


class Inbox:
    """The durable inbox of deliveries and of how they ended.

    All methods belong to one event loop. What arrives during a commit gathers and shares the next one. ``owner`` names
    this process in the rows.
    """

    def __init__(self, store: Store, owner: str = "forgehand") -> None:
        self.owner = owner
        self._engine = create_engine(store.engine.url.render_as_string(hide_password=False))
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._waiting: list[_Waiting] = []
        self._busy = False

    async def put(self, delivery: Delivery) -> bool:
        """Store a delivery once; False if it is known. Raises :class:`NotStored`."""
        return await self._enqueue(delivery)

    async def end(self, guid: str, error: str | None) -> None:
        """Mark a delivery done, or failed; may raise :class:`NotStored`."""
        await self._enqueue(DeliveryEnd(guid, error))

    def close(self) -> None:
        """Write what waits, then stop."""
        while self._waiting:
            self._write_next()
        self._writer.shutdown(wait=True)
        self._engine.dispose()

    async def _enqueue(self, item: Delivery | DeliveryEnd) -> bool:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(item, loop.create_future())
        self._waiting.append(waiting)
        # Only after everything that has arrived in this turn of the loop.
        loop.call_soon(self._begin)
        return await waiting.written

    def _begin(self) -> None:
        if not self._busy:
            self._write_next()

    def _write_next(self) -> None:
        batch = self._waiting[:_BATCH]
        self._waiting = self._waiting[_BATCH:]
        self._busy = bool(batch)
        if batch:
            items = [waiting.item for waiting in batch]
            commit = asyncio.get_running_loop().run_in_executor(self._writer, self._commit, items)
            commit.add_done_callback(lambda done: self._written(batch, done))

    def _written(self, batch: Sequence[_Waiting], commit: asyncio.Future[set[str]]) -> None:
        self._write_next()
        failure = commit.exception()
        if failure is None:
            _tell(batch, commit.result())
            return
        for waiting in batch:
            if not waiting.written.done():
                reason = f"The database refused to store deliveries ({type(failure).__name__})."
                waiting.written.set_exception(NotStored(reason))

    def _commit(self, items: Sequence[Delivery | DeliveryEnd]) -> set[str]:
        arrived = [item for item in items if isinstance(item, Delivery)]
        ended = [item for item in items if isinstance(item, DeliveryEnd)]
        with metrics.COMMIT_SECONDS.time(), self._engine.begin() as connection:
            if ended:
                deliveries.end(connection, ended)
            return deliveries.put(connection, arrived, self.owner) if arrived else set()


def _tell(batch: Sequence[_Waiting], taken: set[str]) -> None:
    """Resolve the futures of a batch; of equal GUIDs only the first counts."""
    for waiting in batch:
        if not waiting.written.done():
            waiting.written.set_result(waiting.item.guid in taken)
            taken.discard(waiting.item.guid)
