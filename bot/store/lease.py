"""Hand out leases: work that one of several processes does at a time."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakValueDictionary

import sqlalchemy as sa
import structlog

from bot.store.database import StoreError, is_away
from bot.store.store import Store

# Who holds an advisory lock, and when its connection last began or ended a statement.
_HOLDER = sa.text(
    "select pid, state_change from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and granted "
    "and objsubid = 1 and (classid::bigint << 32) + objid::bigint = :key "
    "and database = (select oid from pg_database where datname = current_database())"
)
_AGAIN_SECONDS = 0.25
_PATIENCE_SECONDS = 120.0  # longer than what GitHub is given to answer, several times
_ROOM = 3  # each turn that is taken or waited for is a connection to PostgreSQL
log = structlog.get_logger(__name__)


class Lease:
    """A lease, held by one process until it lets go, dies or falls silent.

    Silent means that nothing was heard of it for ``patience`` seconds. It is PostgreSQL's advisory lock ``key`` on a
    connection of its own. A holder that is frozen keeps its connection: whoever waits for the lease ends it. SQLite
    serves one process only, which therefore holds every lease.
    """

    def __init__(self, store: Store, key: int, *, patience: float = 30.0) -> None:
        self._engine = store.engine
        self._key = key
        self._patience = patience
        self._connection: sa.Connection | None = None
        self._holder: sa.Row[tuple[int, datetime]] | None = None
        self._silent_since = 0.0

    async def take(self) -> bool:
        """Try to take the lease; return False if another process has it."""
        return self._engine.dialect.name != "postgresql" or await asyncio.to_thread(self._take)

    async def confirm(self) -> None:
        """Raise :class:`StoreError` if the lease was lost with its connection."""
        if self._connection is not None:
            await asyncio.to_thread(self._confirm)

    async def release(self) -> None:
        """Release the lease, or end waiting for it."""
        if self._connection is not None:
            await asyncio.to_thread(self._close)

    def _take(self) -> bool:
        try:
            connection = self._connection = self._connection or self._connect()
            if connection.execute(sa.select(sa.func.pg_try_advisory_lock(self._key))).scalar_one():
                return True
            self._end_silent_holder(connection)
        except sa.exc.SQLAlchemyError:
            self._close()
            raise
        return False

    def _connect(self) -> sa.Connection:
        # Outside the pool, whose connections are lent to others, and outside a transaction, which would stay open.
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        return connection

    def _end_silent_holder(self, connection: sa.Connection) -> None:
        """End the holder's connection if it did nothing for too long."""
        holder = connection.execute(_HOLDER, {"key": self._key}).first()
        now = time.monotonic()
        if holder != self._holder:
            self._holder = holder
            self._silent_since = now
        elif holder is not None and now - self._silent_since > self._patience:
            log.warning("ending the connection of a silent holder", lease=self._key, backend=holder[0])
            connection.execute(sa.select(sa.func.pg_terminate_backend(holder[0])))

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


class Turns:
    """Turns at things that only one of all processes may do at a time.

    For what takes a moment, such as to look for an effect and then to make it. Whoever dies has its turn ended.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(_ROOM)

    @asynccontextmanager
    async def take(self, name: str) -> AsyncIterator[None]:
        """Wait for the turn at what goes by a name, and have it."""
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])
        async with self._here.setdefault(name, asyncio.Lock()), self._room:
            lease = Lease(self._store, key, patience=_PATIENCE_SECONDS)
            try:
                while not await self._try(lease):  # noqa: ASYNC110 - the end of another process's turn is no event here
                    await asyncio.sleep(_AGAIN_SECONDS)
                yield
            finally:
                await lease.release()

    async def _try(self, lease: Lease) -> bool:
        """Try to take it; a database that is away is waited for."""
        try:
            return await lease.take()
        except sa.exc.DBAPIError as error:
            if not is_away(error):
                raise
            return False
