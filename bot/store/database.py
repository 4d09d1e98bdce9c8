"""Open a database with the settings this program depends on, and read its clock.

SQLite runs in WAL mode with ``synchronous=FULL`` on one connection, and every transaction is ``BEGIN IMMEDIATE``: one
connection turns SQLite's sleep-polling lock into a fair in-process queue. What only reads has connections of its own:
it waits for no writer, and none for it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.types import ForgehandError

# libpq's defaults are to wait for ever for a host that does not answer, and for hours where one falls silent later.
# Other processes take over after 30 s of silence: by then we know that we are cut off.
_IMPATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
READERS = 2  # connections, and threads, that only read SQLite
_POOL_SECONDS = 60  # how long a caller queues for SQLite's one connection before it gives up
# What a full, read-only, broken or replaced disk looks like; it ends when somebody makes room or repairs it.
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
}


_READ_ONLY = "25006"  # a PostgreSQL that was the one to write to, or is not yet: another took over, or will


class StoreError(ForgehandError):
    """The database refused, or was used in a way that could deadlock."""


class DatabaseAway(StoreError):
    """Something took too long because the database cannot be used just now."""


def is_away(error: sa.exc.DBAPIError) -> bool:
    """Return True for a server that is away, a full disk, a busy file."""
    if isinstance(error.orig, sqlite3.Error):
        return _passes(error.orig)
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or _is_read_only(error.orig)


def now_ms() -> int:
    """Return the milliseconds since the epoch: the unit of every time column."""
    return time.time_ns() // 1_000_000


def create_engine(url: str) -> sa.Engine:
    """Create the SQLAlchemy engine for a PostgreSQL or SQLite URL."""
    if not url.startswith("sqlite"):
        query = _IMPATIENCE | dict(sa.make_url(url).query)
        shared = sa.create_engine(sa.make_url(url).set(query=query), pool_size=5, max_overflow=5, pool_pre_ping=True)
        sa.event.listen(shared, "handle_error", _take_for_disconnect)
        return shared
    return _open_sqlite(url, 1, _prepare_sqlite)


def create_reader(engine: sa.Engine) -> sa.Engine:
    """Create the engine of what only reads the same database.

    All that one transaction reads is of one moment. PostgreSQL's connections are those of the engine, and so is all of
    a database in memory.
    """
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    if not engine.url.database:
        return engine
    reader = _open_sqlite(engine.url.render_as_string(hide_password=False), READERS, _prepare_reader)
    sa.event.listen(reader, "begin", _begin_reading)
    sa.event.listen(reader, "handle_error", _refuse_writing)
    return reader


def _open_sqlite(url: str, connections: int, prepare: Callable[[Any, Any], None]) -> sa.Engine:
    database = sa.make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        poolclass=sa.QueuePool,
        connect_args={"check_same_thread": False},
    )
    same = _SameFile(database or "")
    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "connect", same.check)
    sa.event.listen(engine, "commit", same.check)
    sa.event.listen(engine, "handle_error", _take_for_disconnect)
    return engine


class _SameFile:
    """A watch on the database's file.

    SQLite goes on writing to one that was deleted or replaced, and all is lost. Nothing is committed until it is back.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._known = self._look()

    def check(self, *_: object) -> None:
        """Raise a passing error if the file is not the one that was opened."""
        found = self._look()
        self._known = self._known or found
        if self._path and found != self._known:
            moved = sqlite3.OperationalError(
                f"{self._path} was deleted or replaced while the server ran: stop it, put the file back or restore a "
                "backup, then start it again"
            )
            moved.sqlite_errorcode = sqlite3.SQLITE_READONLY_DBMOVED
            raise sa.exc.OperationalError("commit", None, moved, connection_invalidated=True)

    def _look(self) -> tuple[int, int] | None:
        with suppress(OSError):
            found = Path(self._path).stat()
            return found.st_dev, found.st_ino
        return None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("busy_timeout=30000", "journal_mode=wal", "synchronous=full", "foreign_keys=on"):
        connection.execute(f"pragma {pragma}")


def _prepare_reader(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=30000", "query_only=on"):
        connection.execute(f"pragma {pragma}")


def _begin_reading(connection: sa.Connection) -> None:
    """Have all that one transaction reads be of one moment."""
    connection.exec_driver_sql("begin")


def _refuse_writing(context: sa.engine.ExceptionContext) -> None:
    """Raise StoreError for a mistake of ours, which no waiting would end."""
    if getattr(context.original_exception, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY:
        raise StoreError("Something was to be written where the database is only read.")


def _take_for_disconnect(context: sa.engine.ExceptionContext) -> None:
    """Make errors that pass look like the lost connection dbos waits for.

    It knows some of them by their words only, and others not at all.
    """
    error = context.original_exception
    context.is_disconnect |= _passes(error) if isinstance(error, sqlite3.Error) else _is_unreachable(context)


def _is_unreachable(context: sa.engine.ExceptionContext) -> bool:
    """Return True for what the driver says of itself, not a server.

    One that takes no writes must be looked for anew, too.
    """
    if _is_read_only(context.original_exception):
        return True
    passing = isinstance(context.sqlalchemy_exception, sa.exc.OperationalError | sa.exc.InterfaceError)
    return passing and getattr(context.original_exception, "sqlstate", None) is None


def _is_read_only(error: BaseException | None) -> bool:
    return getattr(error, "sqlstate", None) == _READ_ONLY


def _passes(error: sqlite3.Error) -> bool:
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return primary in _PASSING
