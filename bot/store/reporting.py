"""Answer what status comments need to know about tasks."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from bot.money import to_dollars
from bot.store.database import now_ms
from bot.store.tables import model_call, task

_LOOK_BACK_MS = 7 * 24 * 3600 * 1000  # a week: nobody waits longer for a comment


class TaskSummary(NamedTuple):
    """A task's workflow, and whether the task has ended, or not begun."""

    flow: str
    ended: bool
    queued: bool


class Spending(NamedTuple):
    """The micro-dollars and model calls of a task so far."""

    micro_dollars: int
    calls: int

    @property
    def dollars(self) -> float:
        """Return the money in dollars, to be shown."""
        return to_dollars(self.micro_dollars)


PAID = sa.func.coalesce(sa.func.sum(model_call.c.cost), 0)
# what used tokens; a provider that was too busy to answer was not called
CALLS = sa.func.count(sa.case((sa.and_(model_call.c.cost.is_not(None), model_call.c.input_tokens > 0), 1)))


class ModelSpending(NamedTuple):
    """The part of a task's spending that is one model's, with its tokens."""

    dollars: float
    calls: int
    input: int
    cached: int
    output: int


def list_unreported(connection: sa.Connection) -> list[str]:
    """List active tasks, and last week's whose comment lacks their end."""
    recent = sa.or_(task.c.ended.is_(None), task.c.ended > now_ms() - _LOOK_BACK_MS)
    query = sa.select(task.c.id, task.c.posted).where(task.c.number.is_not(None), recent)
    return [task_id for task_id, posted in connection.execute(query) if not (posted or {}).get("closed")]


def load_summaries(connection: sa.Connection, task_ids: Collection[str]) -> dict[str, TaskSummary]:
    """Load workflow and end of these tasks, by id."""
    query = sa.select(task.c.id, task.c.flow, task.c.ended, task.c.state).where(task.c.id.in_(task_ids))
    return {
        task_id: TaskSummary(flow, ended is not None, state == "queued")
        for task_id, flow, ended, state in connection.execute(query)
    }


def is_past(ended: int | None) -> bool:
    """Return True if ``ended`` (ms) is too long ago for a comment to matter."""
    return ended is not None and ended <= now_ms() - _LOOK_BACK_MS


def sum_spending(connection: sa.Connection, task_id: str) -> Spending:
    """Add up what was paid for this task; reservations do not count."""
    paid, calls = connection.execute(sa.select(PAID, CALLS).where(model_call.c.task == task_id)).one()
    return Spending(int(paid), int(calls))


def sum_by_model(connection: sa.Connection, task_id: str) -> dict[str, ModelSpending]:
    """Add up what was paid for this task by model, in the order first asked."""
    calls = model_call.c
    tokens = (calls.input_tokens, calls.cached_tokens, calls.output_tokens)
    sums = [sa.func.coalesce(sa.func.sum(column), 0) for column in tokens]
    paid = (calls.task == task_id, calls.cost.is_not(None))
    query = sa.select(calls.model, PAID, CALLS, *sums).where(*paid)
    rows = connection.execute(query.group_by(calls.model).order_by(sa.func.min(calls.created), calls.model))
    return {row[0]: ModelSpending(to_dollars(int(row[1])), *map(int, row[2:])) for row in rows}
