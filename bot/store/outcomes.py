"""Remember how pull requests of ours ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import outcome
from bot.store.tables import task as task_table
from bot.store.tasks import repository_id


def record(connection: sa.Connection, task: str, kind: str, data: dict[str, Any]) -> None:
    """Remember the latest outcome of a task's pull request.

    ``kind`` is ``merged``, ``edited`` (merged after people changed it), ``closed`` or ``reverted``.
    """
    connection.execute(outcome.delete().where(outcome.c.task == task))
    mark = sa.func.coalesce(repository_id, 0)
    told = sa.select(task_table.c.flow, task_table.c.repository, mark).where(task_table.c.id == task)
    flow, repository, number = connection.execute(told).one()
    row = {"task": task, "kind": kind, "data": data, "at": now_ms()}
    whose = {"flow": flow, "repository": repository, "repository_id": number}
    connection.execute(outcome.insert().values(row | whose))
