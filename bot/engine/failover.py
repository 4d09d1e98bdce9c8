"""Detect dead processes by heartbeat, so that their workflows are requeued.

On PostgreSQL several processes share the work. Each beats; whoever holds the advisory lock requeues the work of silent
ones. Judging by "no fresh beat", rather than claiming a dead process's work, means that a judge that dies strands
nothing.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.tables import heartbeat
from bot.store.upsert import insert

_LOCK = 0x464F5248  # any number of ours: PostgreSQL's advisory locks share one number space
_TIES = 0x464F524B
_DAY_MS = 24 * 3600 * 1000
_NOW = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
_TIED = sa.text(
    "select objid::bigint from pg_locks where locktype = 'advisory' and granted and objsubid = 2 "
    "and classid::bigint = :ties and database = (select oid from pg_database where datname = current_database())"
)


class _Heard(NamedTuple):
    """The newest beat of a process, and when it was heard, by our clock."""

    seen: int
    since: float
    was_tied: bool


@dataclass
class Heartbeat:
    """The heartbeat of one process.

    A beat is a new time, by the database's clock. How long one has been silent (``ttl``, seconds) is measured by our
    own clock that never steps back, so that a clock which is set makes nobody dead, or immortal. A process is also tied
    to the database by a connection: where that has ended too, a third of the silence is enough, because GitHub ends a
    request after ten seconds.
    """

    executor: str
    ttl: float
    clock: Callable[[], float] = time.monotonic
    _heard: dict[str, _Heard] = field(default_factory=dict)
    _looked: float = float("-inf")
    _is_tied: bool = False

    @property
    def has_heard(self) -> bool:
        """Return True if it has listened since it was tied."""
        return bool(self._heard)

    def beat(self, connection: sa.Connection) -> None:
        """Record that this process lives."""
        row = insert(connection, heartbeat).values(executor=self.executor, seen=_NOW)
        connection.execute(row.on_conflict_do_update(index_elements=[heartbeat.c.executor], set_={"seen": _NOW}))

    def tie(self, connection: sa.Connection) -> None:
        """Tie this process to a connection that ends with it, and listen anew.

        Those that were silent for a day are forgotten.

        Where ours had ended, those of the others may have ended for the same reason: nobody is dead for it.
        """
        self._heard = {}
        self._is_tied = True
        connection.execute(sa.delete(heartbeat).where(heartbeat.c.seen < _NOW - _DAY_MS))
        connection.execute(sa.select(sa.func.pg_try_advisory_lock_shared(_TIES, _number(self.executor))))

    def leave(self, connection: sa.Connection) -> None:
        """Record that this process ends: its work may be taken at once."""
        connection.execute(sa.delete(heartbeat).where(heartbeat.c.executor == self.executor))

    def dead(self, connection: sa.Connection, executors: Iterable[str]) -> set[str]:
        """Return those of the others that left, or were silent for too long.

        Who asks lives, however late its own beat is: a busy process would requeue what it is working on. What was not
        heard because nobody listened is not silence.
        """
        now = self.clock()
        tied = set(connection.execute(_TIED, {"ties": _TIES}).scalars())
        cut_off = self._is_tied and _number(self.executor) not in tied
        known = {} if cut_off or now - self._looked > self.ttl / 2 else self._heard
        heard: dict[str, _Heard] = {}
        alive = set()
        for executor, seen in connection.execute(sa.select(heartbeat.c.executor, heartbeat.c.seen)):
            before = known.get(executor)
            is_tied = _number(executor) in tied
            since = before.since if before is not None and before.seen == seen else now
            was_tied = is_tied or (before is not None and before.was_tied)
            heard[executor] = _Heard(seen, since, was_tied)
            if now - since < (self.ttl / 3 if was_tied and not is_tied else self.ttl):
                alive.add(executor)
        self._heard = heard
        self._looked = now
        return set(executors) - alive - {self.executor}


def try_lock(connection: sa.Connection) -> bool:
    """Become the one judge until the transaction ends; False if another is."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar_one())


def _number(executor: str) -> int:
    """Return the process's number among the locks that tie, 31 bits of it."""
    return zlib.crc32(executor.encode()) >> 1
