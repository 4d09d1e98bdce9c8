"""Tell what a repository's tasks and days have cost, to be held against other ceilings."""

from __future__ import annotations

from collections import defaultdict
from datetime import tzinfo
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.periods import find_day
from bot.store.tables import model_call, task


class Spent(NamedTuple):
    """Micro-dollars of each task, by type, and of each day with any."""

    tasks: dict[str, list[int]]
    days: list[int]


def load_spent(connection: sa.Connection, repository: str, since: int, zone: tzinfo) -> Spent:
    """Add up what was paid for a repository since a moment (ms).

    Days are those of ``zone``."""
    within = (model_call.c.repository == repository, model_call.c.created >= since)
    paid = sa.func.coalesce(sa.func.sum(model_call.c.cost), 0)
    query = sa.select(task.c.flow, sa.func.min(model_call.c.created), paid)
    joined = query.join_from(model_call, task, task.c.id == model_call.c.task).where(*within)
    tasks: defaultdict[str, list[int]] = defaultdict(list)
    days: defaultdict[str, int] = defaultdict(int)
    for flow, began, cost in connection.execute(joined.group_by(model_call.c.task, task.c.flow)):
        tasks[flow].append(int(cost))
        days[find_day(int(began), zone)] += int(cost)
    return Spent(dict(tasks), list(days.values()))
