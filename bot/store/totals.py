"""Count what the whole database knows, for the metrics page."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from bot.store.tables import task
from bot.store.tasks import RUNNABLE, WAITING
from bot.store.turns import Lane, find_lane, waits_for_worker


def count_open_tasks(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Count tasks that run, will run or wait for people, by name and state."""
    found = sa.select(task.c.flow, task.c.state, sa.func.count().label("tasks"))
    query = found.where(task.c.state.in_((*RUNNABLE, *WAITING))).group_by(task.c.flow, task.c.state)
    return {(row.flow, row.state): row.tasks for row in connection.execute(query)}


def find_oldest_queued(connection: sa.Connection, quick: Collection[str]) -> dict[Lane, int]:
    """Return when each lane's oldest task without a worker was made (ms).

    One that waits for another of its group is left out: no further worker would begin it.
    """
    grouped = task.c.concurrency_group.is_not(None)
    query = sa.select(task.c.flow, grouped, sa.func.min(task.c.created)).where(waits_for_worker())
    oldest: dict[Lane, int] = {}
    for flow, has_group, created in connection.execute(query.group_by(task.c.flow, grouped)):
        lane = find_lane(flow, "a group" if has_group else None, quick)
        oldest[lane] = min(created, oldest.get(lane, created))
    return oldest
