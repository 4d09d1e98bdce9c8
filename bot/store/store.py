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
from bot.store.database import StoreError, is_away
from bot.types import T

P = ParamSpec("P")

_AGAIN_SECONDS = 1.0
_POSTGRES_THREADS = 5  # as many as the pool keeps open; more would only queue there
log = structlog.get_logger(__name__)
_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("inside_transaction", default=False)


class Store:
    """The one way into the database.

    One thread serves SQLite, a small pool PostgreSQL. Only SQL may run inside a transaction: calling :meth:`run` from
    inside one raises :class:`StoreError`, because an engine call nested there waits for the only connection for ever.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.waiting = 0  # calls of run that wait for the database
        threads = 1 if engine.dialect.name == "sqlite" else _POSTGRES_THREADS
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="store")

    def run_sync(self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn`` in one transaction here; any exception rolls it back."""
        if _inside.get():
            raise StoreError("Nested transaction: only SQL may run inside a transaction.")
        token = _inside.set(True)
        try:
            with self.engine.begin() as connection:
                return fn(connection, *args, **kwargs)
        finally:
            _inside.reset(token)

    async def run(self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn(connection, ...)`` in one transaction, in the store's thread.

        The event loop is never blocked. A database that is away is waited for, however long: what a task has done or
        paid for is not lost because it cannot be written down now. ``fn`` may then run again, also where its commit
        had succeeded and only the answer was lost. Who cannot wait sets a timeout.
        """
        if _inside.get():
            raise StoreError("Store.run was called inside a transaction: only SQL may run there.")
        transaction = partial(self.run_sync, fn, *args, **kwargs)
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._executor, transaction)
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
        self._executor.shutdown(wait=True)
        self.engine.dispose()


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
