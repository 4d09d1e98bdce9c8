"""Forget what is kept for long: tasks with their ends, the calls of models, incidents that are over, and the audit.

What calls cost stays, in the sums of their days.
"""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa

from bot.store.governance_tables import github_write
from bot.store.tables import audit, model_call, task

_CHUNK = 200
_DAY_MS = 86_400_000
_DAY: sa.ColumnElement[int] = sa.literal_column(str(_DAY_MS), sa.Integer)  # a bound value would be two for PostgreSQL
# bytes of a row with its share of the indexes, its longer texts aside
_TASK, _CALL, _DECISION, _WRITE = 1500, 1000, 400, 400


def find_cutoff(connection: sa.Connection, most: int) -> int:
    """Return the moment before which records exceed a size, a day's start.

    ``most`` is in bytes, the moment in milliseconds; 0 where all has room.
    """
    told = sa.func.coalesce(sa.func.length(sa.cast(task.c.result, sa.Text)), 0)
    asked = sa.func.length(sa.cast(task.c.argument, sa.Text))
    rows: tuple[tuple[sa.ColumnElement[int], sa.ColumnElement[int]], ...] = (
        (task.c.created, _TASK + asked + told),
        (model_call.c.created, sa.literal_column(str(_CALL), sa.Integer)),
        (audit.c.at, _DECISION + sa.func.length(audit.c.reason)),
        (github_write.c.at, _WRITE + sa.func.length(github_write.c.path)),
    )
    days: defaultdict[int, int] = defaultdict(int)
    for at, size in rows:
        day = at // _DAY
        for number, held in connection.execute(sa.select(day, sa.func.sum(size)).group_by(day)):
            days[int(number)] += int(held)
    left = most
    for number in sorted(days, reverse=True):
        left -= days[number]
        if left < 0:
            return (number + 1) * _DAY_MS
    return 0


def list_ended(connection: sa.Connection, before: int) -> list[str]:
    """List some of the tasks that ended before a moment, the oldest first."""
    old = sa.select(task.c.id).where(task.c.created < before, task.c.ended < before)
    return list(connection.execute(old.order_by(task.c.created).limit(_CHUNK)).scalars())


def forget_decisions(connection: sa.Connection, before: int) -> int:
    """Delete some decisions of the audit made before a moment; count them."""
    old = sa.select(audit.c.id).where(audit.c.at < before).order_by(audit.c.id).limit(_CHUNK)
    return connection.execute(audit.delete().where(audit.c.id.in_(old.scalar_subquery()))).rowcount


def forget_writes(connection: sa.Connection, before: int) -> int:
    """Delete some writes on GitHub made before a moment; count them."""
    old = sa.select(github_write.c.id).where(github_write.c.at < before).order_by(github_write.c.id).limit(_CHUNK)
    return connection.execute(github_write.delete().where(github_write.c.id.in_(old.scalar_subquery()))).rowcount
