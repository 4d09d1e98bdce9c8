"""Remember how pull requests of ours ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import outcome


def record(connection: sa.Connection, task: str, kind: str, data: dict[str, Any]) -> None:
    """Remember the latest outcome of a task's pull request.

    ``kind`` is ``merged``, ``edited`` (merged after people changed it), ``closed`` or ``reverted``.
    """
    connection.execute(outcome.delete().where(outcome.c.task == task))
    connection.execute(outcome.insert().values(task=task, kind=kind, data=data, at=now_ms()))
