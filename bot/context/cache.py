"""Cache postings and records by blob, in one bounded SQLite file."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from bot.context.record import VERSION, Record
from bot.context.workers import IndexedBlob

MAX_BYTES = 1 << 30  # 1 GiB on disk
_BATCH = 500  # bound values a statement: older SQLite builds take at most 999
_SCHEMA = """
create table if not exists blob(
    key text primary key, used integer not null, posting blob not null, record blob not null
);
"""


class Cache:
    """A thread-safe cache of blobs that were read, of ``limit`` bytes at most."""

    def __init__(self, directory: Path, *, limit: int = MAX_BYTES) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / f"blobs-{VERSION}.sqlite"
        self._limit = limit
        self._lock = threading.Lock()
        for old in directory.glob("blobs-*.sqlite*"):
            if not old.name.startswith(self._path.name):
                old.unlink(missing_ok=True)
        self._connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False, isolation_level=None)
        # What a crash loses is just read again.
        for pragma in ("auto_vacuum=full", "journal_mode=wal", "synchronous=off", "cache_size=-8000"):
            self._connection.execute(f"pragma {pragma}")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def postings(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Load the postings of these keys, and mark them as used today."""
        remaining = iter(keys)
        while batch := list(islice(remaining, _BATCH)):
            marks = ",".join("?" * len(batch))
            with self._transaction() as connection:
                select = f"select key, posting, used from blob where key in ({marks})"  # noqa: S608
                rows = connection.execute(select, batch).fetchall()
                if any(used != _today() for _, _, used in rows):
                    connection.execute(f"update blob set used = ? where key in ({marks})", [_today(), *batch])  # noqa: S608
            yield from ((key, posting) for key, posting, _ in rows)

    def record(self, key: str) -> Record | None:
        with self._lock:
            row = self._connection.execute("select record from blob where key = ?", (key,)).fetchone()
        return Record.from_bytes(row[0]) if row and row[0] else None

    def add(self, done: Sequence[IndexedBlob]) -> None:
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into blob(key, used, posting, record) values (?, ?, ?, ?)",
                [(one.key, _today(), one.posting, one.record) for one in done],
            )

    def trim(self) -> int:
        """Remove the least recently used blobs; return how many."""
        removed = 0
        while (size := self._size()) > self._limit:
            with self._transaction() as connection:
                (kept,) = connection.execute("select count(*) from blob").fetchone()
                excess = math.ceil(kept * (size - self._limit) / size)
                cursor = connection.execute(
                    "delete from blob where key in (select key from blob order by used, key limit ?)",
                    (min(_BATCH, excess),),
                )
            if cursor.rowcount <= 0:
                break
            removed += cursor.rowcount
        return removed

    def _size(self) -> int:
        with self._lock:
            (pages,) = self._connection.execute("pragma page_count").fetchone()
            (free,) = self._connection.execute("pragma freelist_count").fetchone()
            (size,) = self._connection.execute("pragma page_size").fetchone()
        return int((pages - free) * size)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")


def _today() -> int:
    return int(time.time() // 86_400)
