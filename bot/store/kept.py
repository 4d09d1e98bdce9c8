"""Finished changes that are not published yet, by the task that was asked first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import kept_change, task
from bot.store.upsert import insert

_LONGEST_CHAIN = 100  # retries of retries; a circle in the table must not hang a step


def root(connection: sa.Connection, task_id: str) -> str:
    """Return the first task of a chain of retries."""
    for _ in range(_LONGEST_CHAIN):
        parent = connection.execute(sa.select(task.c.parent).where(task.c.id == task_id)).scalar_one_or_none()
        if parent is None:
            break
        task_id = parent
    return task_id


def keep(connection: sa.Connection, task_id: str, evidence: dict[str, Any]) -> None:
    """Keep a change for this task and its retries, in place of an earlier one."""
    row = {"task": root(connection, task_id), "evidence": evidence, "kept": now_ms()}
    query = insert(connection, kept_change).values(row)
    connection.execute(query.on_conflict_do_update(index_elements=["task"], set_=row))


def find(connection: sa.Connection, task_id: str) -> dict[str, Any] | None:
    """Return what was kept unpublished for this task, or one it repeats."""
    query = sa.select(kept_change.c.evidence).where(kept_change.c.task == root(connection, task_id))
    found: dict[str, Any] | None = connection.execute(query).scalar_one_or_none()
    return found


def discard(connection: sa.Connection, task_id: str) -> None:
    """Drop what was kept: it was published, or no longer fits."""
    connection.execute(kept_change.delete().where(kept_change.c.task == root(connection, task_id)))
