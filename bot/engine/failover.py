"""Detect dead workers by heartbeat, so that their workflows are requeued.

On PostgreSQL several processes share the work. Each beats; whoever holds the advisory lock requeues the work of silent
ones. Judging by "no fresh beat", rather than claiming a dead process's work, means that a judge that dies strands
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.store.tables import heartbeat
from bot.store.upsert import insert

_LOCK = 0x464F5248  # any number of ours: PostgreSQL's advisory locks share one number space
_DAY_MS = 24 * 3600 * 1000


@dataclass
class Heartbeat:
    """The heartbeat of one process.

    A beat is a new time, by the database's clock. How long one has been silent (``ttl``, seconds) is measured by our
    own clock that never steps back, so that a clock which is set makes nobody dead, or immortal.
    """

    executor: str
    ttl: float
    _heard: dict[str, tuple[int, float]] = field(default_factory=dict)

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
        """Return those of the others that left, or were silent for too long.

        Who asks lives, however late its own beat is: a busy process would requeue what it is working on.
        """
        now = time.monotonic()
        beats = {row.executor: row.seen for row in connection.execute(sa.select(heartbeat))}
        known = self._heard
        heard = {
            each: known[each] if known.get(each, (None,))[0] == seen else (seen, now) for each, seen in beats.items()
        }
        self._heard = heard
        alive = {executor for executor, (_, since) in heard.items() if now - since < self.ttl}
        return set(executors) - alive - {self.executor}


def try_lock(connection: sa.Connection) -> bool:
    """Become the one judge until the transaction ends; False if another is."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar_one())


def _now(connection: sa.Connection) -> int:
    epoch = sa.extract("epoch", sa.func.clock_timestamp())
    return int(connection.execute(sa.select(sa.cast(epoch * 1000, sa.BigInteger))).scalar_one())
