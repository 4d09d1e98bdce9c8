"""Detect dead workers by heartbeat, so that their workflows are requeued.

On PostgreSQL several processes share the work. Each beats; whoever holds the advisory lock requeues the work of silent
ones. Judging by "no fresh beat", rather than claiming a dead process's work, means that a judge that dies strands
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.tables import heartbeat
from bot.store.upsert import insert

_LOCK = 0x464F5248  # any number of ours: PostgreSQL's advisory locks share one number space
_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Heartbeat:
    """The heartbeat of one process.

    Times come from the database's clock; ``ttl`` is in seconds.
    """

    executor: str
    ttl: float

    def beat(self, connection: sa.Connection) -> None:
        """Record that this process lives, and forget those silent for a day."""
        now = _now(connection)
        row = insert(connection, heartbeat).values(executor=self.executor, seen=now)
        connection.execute(row.on_conflict_do_update(index_elements=[heartbeat.c.executor], set_={"seen": now}))
        connection.execute(sa.delete(heartbeat).where(heartbeat.c.seen < now - _DAY_MS))

    def leave(self, connection: sa.Connection) -> None:
        """Record that this process ends: its work may be taken at once."""
        connection.execute(sa.delete(heartbeat).where(heartbeat.c.executor == self.executor))

    def dead(self, connection: sa.Connection, executors: Iterable[str]) -> set[str]:
        """Return those of the other executors without a fresh beat.

        Who asks lives, however late its own beat is: a busy process would requeue what it is working on.
        """
        fresh = heartbeat.c.seen > _now(connection) - int(self.ttl * 1000)
        alive = set(connection.execute(sa.select(heartbeat.c.executor).where(fresh)).scalars())
        return set(executors) - alive - {self.executor}


def try_lock(connection: sa.Connection) -> bool:
    """Become the one judge until the transaction ends.

    Return False if another process is.
    """
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar_one())


def _now(connection: sa.Connection) -> int:
    epoch = sa.extract("epoch", sa.func.clock_timestamp())
    return int(connection.execute(sa.select(sa.cast(epoch * 1000, sa.BigInteger))).scalar_one())
