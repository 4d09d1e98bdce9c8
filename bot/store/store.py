"""Run SQL in transactions, off the event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Concatenate, ParamSpec

import sqlalchemy as sa
import structlog

from bot.store import migrations
from bot.store.database import READERS, StoreError, create_reader, is_away
from bot.types import T

P = ParamSpec("P")

_AGAIN_SECONDS = 1.0
_POSTGRES_THREADS = 5  # as many as the pool keeps open; more would only queue there
log = structlog.get_logger(__name__)
_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("inside_transaction", default=False)


class Store:
    """The one way into the database.

    One thread serves SQLite, with a few beside it that only read; a small pool serves PostgreSQL. Only SQL may run
    inside a transaction: calling :meth:`run` from inside one raises :class:`StoreError`, because an engine call nested
    there waits for the only connection for ever.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.waiting = 0  # calls of run that wait for the database
        threads = 1 if engine.dialect.name == "sqlite" else _POSTGRES_THREADS
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._reader = create_reader(engine)
        self._readers = self._executor
        if self._reader.pool is not engine.pool:
            self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    def run_sync(self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn`` in one transaction here; any exception rolls it back."""
        return _transact(self.engine, fn, *args, **kwargs)

    async def run(self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn(connection, ...)`` in one transaction, in the store's thread.

        The event loop is never blocked. A database that is away is waited for, however long: what a task has done or
        paid for is not lost because it cannot be written down now. ``fn`` may then run again, also where its commit
        had succeeded and only the answer was lost. Who cannot wait sets a timeout.
        """
        return await self._wait(self._executor, partial(_transact, self.engine, fn, *args, **kwargs))

    async def read(self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn(connection, ...)``, which only reads, beside what writes.

        It sees all that was committed before. What takes long here keeps nobody from writing; ``fn`` may write nothing.
        """
        return await self._wait(self._readers, partial(_transact, self._reader, fn, *args, **kwargs))

    async def _wait(self, executor: ThreadPoolExecutor, transaction: Callable[[], T]) -> T:
        """Run a transaction in a thread, again and again while it is away."""
        if _inside.get():
            raise StoreError("The store was called inside a transaction: only SQL may run there.")
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(executor, transaction)
            except sa.exc.DBAPIError as error:
                if not is_away(error):
                    raise
                log.warning("database away, waiting", kind=type(error.orig).__name__, reason=str(error.orig))
            self.waiting += 1
            try:
                await asyncio.sleep(_AGAIN_SECONDS)
            finally:
                self.waiting -= 1

    def is_current(self) -> bool:
        """Return True if the schema is ours; raises like :meth:`migrate`."""
        with _explain_errors(self.engine.url):
            return migrations.is_current(self.engine)

    def migrate(self) -> None:
        """Create or upgrade our tables, however many ask; raises StoreError."""
        with _explain_errors(self.engine.url):
            migrations.upgrade(self.engine)

    def close(self) -> None:
        """Wait for what runs and close every connection."""
        for executor, engine in ((self._executor, self.engine), (self._readers, self._reader)):
            executor.shutdown(wait=True)
            engine.dispose()


def _transact(
    engine: sa.Engine, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    if _inside.get():
        raise StoreError("Nested transaction: only SQL may run inside a transaction.")
    token = _inside.set(True)
    try:
        with engine.begin() as connection:
            return fn(connection, *args, **kwargs)
    finally:
        _inside.reset(token)


@contextmanager
def _explain_errors(url: sa.URL) -> Iterator[None]:
    """Turn the driver's error into advice, without the password."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        if url.password:
            reason = reason.replace(str(url.password), "***")
        hint = "the folder exists, is writable for this user and has free space"
        if url.get_backend_name() != "sqlite":
            hint = "the server is running and reachable, and accepts this user (FORGEHAND_DATABASE_URL)"
        where = url.render_as_string(hide_password=True)
        raise StoreError(f"The database {where} cannot be used: {reason.rstrip('.')}. Check that {hint}.") from None
