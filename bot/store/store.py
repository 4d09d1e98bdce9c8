"""One database, one way in: :meth:`Store.run` executes SQL in a transaction off the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.tables import metadata
from bot.types import ForgehandError, T

_CONNECT_SECONDS = "10"
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
        patient = {"connect_timeout": _CONNECT_SECONDS} | dict(sa.make_url(url).query)
        return sa.create_engine(sa.make_url(url).set(query=patient), pool_size=5, max_overflow=5, pool_pre_ping=True)
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

    def is_current(self) -> bool:
        """Whether the tables are those of this program. Raises :class:`StoreError`, as :meth:`migrate` does."""
        from bot.store.migrations import is_current

        with _in_words(self.engine.url):
            return is_current(self.engine)

    def migrate(self) -> None:
        """Create or upgrade our tables; safe when several processes start together. Raises :class:`StoreError`."""
        from bot.store.migrations import upgrade

        with _in_words(self.engine.url):
            upgrade(self.engine)

    def close(self) -> None:
        self._executor.shutdown(wait=True)
        self.engine.dispose()


@contextmanager
def _in_words(url: sa.URL) -> Iterator[None]:
    """What the driver says, without the password, and what to look at."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        hint = "the folder exists, is writable for this user and has room"
        if url.get_backend_name() != "sqlite":
            hint = "the server runs, is reached from here, and lets this user in (FORGEHAND_DATABASE_URL)"
        where = url.render_as_string(hide_password=True)
        hidden = said.replace(str(url.password), "***") if url.password else said
        raise StoreError(f"The database {where} cannot be used: {hidden.rstrip('.')}. Check that {hint}.") from None


__all__ = ["Store", "StoreError", "create_engine", "metadata", "now_ms"]
