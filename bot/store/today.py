"""Tell what a day brought so far: for the first page of the control room."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from bot.store.reporting import CALLS, PAID, Spending
from bot.store.tables import model_call, task
from bot.store.tasks import Task, make_task

_LONGEST_MS = 2 * 86_400_000  # a task that ended today and began earlier than this is not looked for
_FAILED = ("failed", "dead")


def list_failed(connection: sa.Connection, since: int, names: Collection[str] | None, most: int) -> list[Task]:
    """List the tasks that failed since a moment, newest first.

    ``names`` are the repositories that are meant, None for all.
    """
    query = sa.select(task).where(
        task.c.created >= since - _LONGEST_MS, task.c.ended >= since, task.c.state.in_(_FAILED)
    )
    if names is not None:
        query = query.where(task.c.repository.in_(names))
    rows = connection.execute(query.order_by(task.c.created.desc(), task.c.id.desc()).limit(most))
    return [make_task(row) for row in rows]


def sum_paid(connection: sa.Connection, since: int, names: Collection[str] | None) -> Spending:
    """Add up what was paid since a moment."""
    query = sa.select(PAID, CALLS).where(model_call.c.created >= since)
    if names is not None:
        query = query.where(model_call.c.repository.in_(names))
    paid, calls = connection.execute(query).one()
    return Spending(int(paid or 0), int(calls or 0))
