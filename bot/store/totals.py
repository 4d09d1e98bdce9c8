"""Count what the whole database knows, for the metrics page."""

from __future__ import annotations

import sqlalchemy as sa

from bot.money import to_dollars
from bot.store.reporting import PAID
from bot.store.tables import attempt, model_call, outcome, task


def count_tasks(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Count the tasks of each name and state."""
    query = sa.select(task.c.flow, task.c.state, sa.func.count().label("tasks")).group_by(task.c.flow, task.c.state)
    return {(row.flow, row.state): row.tasks for row in connection.execute(query)}


def count_outcomes(connection: sa.Connection) -> dict[str, int]:
    """Count our pull requests by end: ``merged``, ``edited``, ``closed``."""
    query = sa.select(outcome.c.kind, sa.func.count().label("pulls")).group_by(outcome.c.kind)
    return {row.kind: row.pulls for row in connection.execute(query)}


def sum_dollars(connection: sa.Connection) -> dict[tuple[str, str], float]:
    """Add up what settled calls cost: (model, role) -> US dollars."""
    query = sa.select(model_call.c.model, model_call.c.role, PAID).group_by(model_call.c.model, model_call.c.role)
    return {(model, role): to_dollars(int(paid)) for model, role, paid in connection.execute(query)}


def count_repeats(connection: sa.Connection) -> int:
    """Count the steps that were started again after a process died."""
    query = sa.select(sa.func.coalesce(sa.func.sum(attempt.c.count - 1), 0)).where(attempt.c.count > 1)
    return int(connection.execute(query).scalar_one())
