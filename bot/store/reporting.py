"""What the reporter asks of the database."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import model_call, task

_LOOK_BACK_MS = 7 * 24 * 3600 * 1000


class TaskSummary(NamedTuple):
    """Which workflow a task runs, and whether it has ended."""

    flow: str
    ended: bool


class Spending(NamedTuple):
    """Dollars and model calls of a task so far."""

    dollars: float
    calls: int


def list_unreported(connection: sa.Connection) -> list[str]:
    """Tasks, active or ended within the last week, whose status comment does not yet say how they ended."""
    recent = sa.or_(task.c.ended.is_(None), task.c.ended > now_ms() - _LOOK_BACK_MS)
    query = sa.select(task.c.id, task.c.posted).where(task.c.number.is_not(None), recent)
    return [task_id for task_id, posted in connection.execute(query) if not (posted or {}).get("closed")]


def load_summaries(connection: sa.Connection, task_ids: Collection[str]) -> dict[str, TaskSummary]:
    """Flow and end of tasks, by id."""
    query = sa.select(task.c.id, task.c.flow, task.c.ended).where(task.c.id.in_(task_ids))
    return {task_id: TaskSummary(flow, ended is not None) for task_id, flow, ended in connection.execute(query)}


def is_past(ended: int | None) -> bool:
    """Whether a task ended (milliseconds) so long ago that nobody waits for its comment any more."""
    return ended is not None and ended <= now_ms() - _LOOK_BACK_MS


def sum_spending(connection: sa.Connection, task_id: str) -> Spending:
    """What was paid for this task; reservations of calls under way do not count."""
    total = sa.func.coalesce(sa.func.sum(model_call.c.cost), 0.0)
    query = sa.select(total, sa.func.count(model_call.c.cost)).where(model_call.c.task == task_id)
    dollars, calls = connection.execute(query).one()
    return Spending(float(dollars), int(calls))
