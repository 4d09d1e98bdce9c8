"""One database, one way in: :meth:`Store.run` executes SQL in a transaction off the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.tables import metadata
from bot.types import ForgehandError, T

_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("inside_transaction", default=False)


class StoreError(ForgehandError):
    """The database refused, or was used in a way that could deadlock."""


def now_ms() -> int:
    """Milliseconds since the epoch: the unit of every time column."""
    return time.time_ns() // 1_000_000


def create_engine(url: str) -> sa.Engine:
    """A SQLAlchemy engine with the settings the figures in design 3 were measured with.

    SQLite: WAL, ``synchronous=FULL``, one connection, every transaction ``BEGIN IMMEDIATE``. One connection turns
    SQLite's sleep-polling lock into a fair in-process queue.
    """
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_size=5, max_overflow=5, pool_pre_ping=True)
    database = sa.make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=60,
        poolclass=sa.QueuePool,
        connect_args={"check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("busy_timeout=30000", "journal_mode=wal", "synchronous=full", "foreign_keys=on"):
        connection.execute(f"pragma {pragma}")


class Store:
    """The synchronous database behind an executor: one thread on SQLite, a small pool on PostgreSQL.

    Only SQL may run inside a transaction. Calling :meth:`run` from inside one raises :class:`StoreError`, because an
    engine call nested there waits for the only connection for ever.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        threads = 1 if engine.dialect.name == "sqlite" else 5
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="store")

    def run_sync(self, fn: Callable[[sa.Connection], T]) -> T:
        """Run ``fn`` in one transaction on this thread; commit on return, roll back on any exception."""
        if _inside.get():
            raise StoreError("A transaction was started inside another one: only SQL may run there.")
        token = _inside.set(True)
        try:
            with self.engine.begin() as connection:
                return fn(connection)
        finally:
            _inside.reset(token)

    async def run(self, fn: Callable[[sa.Connection], T]) -> T:
        """:meth:`run_sync` in the store's own thread; the event loop is never blocked."""
        if _inside.get():
            raise StoreError("The store was called from inside a transaction: only SQL may run there.")
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.run_sync, fn)

    def migrate(self) -> None:
        """Create or upgrade our tables; safe when several processes start together."""
        from bot.store.migrations import upgrade

        upgrade(self.engine)

    def close(self) -> None:
        self._executor.shutdown(wait=True)
        self.engine.dispose()


__all__ = ["Store", "StoreError", "create_engine", "metadata", "now_ms"]
