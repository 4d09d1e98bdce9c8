"""Open a database with the settings this program depends on, and read its clock.

SQLite runs in WAL mode with ``synchronous=FULL`` on one connection, and every transaction is ``BEGIN IMMEDIATE``: one
connection turns SQLite's sleep-polling lock into a fair in-process queue.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.types import ForgehandError

_CONNECT_SECONDS = "10"  # libpq's default is to wait for ever for a host that does not answer
_POOL_SECONDS = 60  # how long a caller queues for SQLite's one connection before it gives up


class StoreError(ForgehandError):
    """The database refused, or was used in a way that could deadlock."""


def now_ms() -> int:
    """Return the milliseconds since the epoch: the unit of every time column."""
    return time.time_ns() // 1_000_000


def create_engine(url: str) -> sa.Engine:
    """Create the SQLAlchemy engine for a PostgreSQL or SQLite URL."""
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
        pool_timeout=_POOL_SECONDS,
        poolclass=sa.QueuePool,
        connect_args={"check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("busy_timeout=30000", "journal_mode=wal", "synchronous=full", "foreign_keys=on"):
        connection.execute(f"pragma {pragma}")
