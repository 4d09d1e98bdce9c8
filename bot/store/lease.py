"""Hand out leases: work that one of several processes does at a time."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from bot.store.database import StoreError
from bot.store.store import Store


class Lease:
    """A lease, held by one process until it lets go or dies.

    It is PostgreSQL's advisory lock ``key`` on a connection of its own. SQLite serves one process only, which therefore
    holds every lease.
    """

    def __init__(self, store: Store, key: int) -> None:
        self._engine = store.engine
        self._key = key
        self._connection: sa.Connection | None = None

    async def take(self) -> bool:
        """Try to take the lease; return False if another process has it."""
        return self._engine.dialect.name != "postgresql" or await asyncio.to_thread(self._take)

    async def confirm(self) -> None:
        """Raise :class:`StoreError` if the lease was lost with its connection."""
        if self._connection is not None:
            await asyncio.to_thread(self._confirm)

    async def release(self) -> None:
        """Release the lease, if it is held."""
        if self._connection is not None:
            await asyncio.to_thread(self._close)

    def _take(self) -> bool:
        # Outside the pool, whose connections are lent to others, and outside a transaction, which would stay open.
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        if connection.execute(sa.select(sa.func.pg_try_advisory_lock(self._key))).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False

    def _confirm(self) -> None:
        assert self._connection is not None
        try:
            self._connection.execute(sa.text("select 1"))
        except sa.exc.SQLAlchemyError as error:
            self._close()
            raise StoreError("Lost the connection that held the lease; it will be taken again.") from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
