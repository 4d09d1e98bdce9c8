"""Count what the whole database knows, for the metrics page."""

from __future__ import annotations

import sqlalchemy as sa

from bot.money import to_dollars
from bot.store.database import now_ms
from bot.store.reporting import PAID
from bot.store.tables import model_call, outcome, task
from bot.store.tasks import RUNNABLE, WAITING

RECENT_MS = 14 * 24 * 3600 * 1000
"""So long ago may a pull request have ended to be counted, in milliseconds."""
_MERGED = ("merged", "edited")


def count_open_tasks(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Count tasks that run, will run or wait for people, by name and state."""
    found = sa.select(task.c.flow, task.c.state, sa.func.count().label("tasks"))
    query = found.where(task.c.state.in_((*RUNNABLE, *WAITING))).group_by(task.c.flow, task.c.state)
    return {(row.flow, row.state): row.tasks for row in connection.execute(query)}


def find_oldest_queued(connection: sa.Connection) -> dict[bool, int]:
    """Return when the oldest queued task with a group, and without, was made."""
    grouped = task.c.concurrency_group.is_not(None)
    query = sa.select(grouped, sa.func.min(task.c.created)).where(task.c.state == "queued").group_by(grouped)
    return {bool(has_group): int(created) for has_group, created in connection.execute(query)}


def count_outcomes(connection: sa.Connection) -> dict[str, int]:
    """Count our pull requests that ended lately, by how they ended."""
    query = sa.select(outcome.c.kind, sa.func.count().label("pulls")).where(outcome.c.at > now_ms() - RECENT_MS)
    return {row.kind: row.pulls for row in connection.execute(query.group_by(outcome.c.kind))}


def average_merged_dollars(connection: sa.Connection) -> float:
    """Return the average cost of a pull request that was merged lately.

    In US dollars of models, 0 where none was.
    """
    merged = sa.select(outcome.c.task).where(outcome.c.kind.in_(_MERGED), outcome.c.at > now_ms() - RECENT_MS)
    tasks = list(connection.execute(merged).scalars())
    paid = connection.scalar(sa.select(PAID).where(model_call.c.task.in_(merged)))
    return to_dollars(int(paid or 0)) / len(tasks) if tasks else 0.0
