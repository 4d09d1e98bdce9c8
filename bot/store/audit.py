"""Append to the audit trail: a row for each decision and each write."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import audit


def record(
    connection: sa.Connection,
    action: str,
    *,
    allowed: bool,
    reason: str,
    actor: str | None = None,
    repository: str | None = None,
    task: str | None = None,
    delivery: str | None = None,
) -> None:
    """Add a row; ``action`` is a command, a flow or a write (``push``)."""
    connection.execute(
        audit.insert().values(
            at=now_ms(),
            task=task,
            delivery=delivery,
            repository=repository,
            actor=actor,
            action=action,
            allowed=allowed,
            reason=reason,
        )
    )


def count_refusals(connection: sa.Connection, actor: str, since: int) -> int:
    """Count an account's refusals since a moment, in the newest thousand."""
    newest = _newest_rows()
    return _count(connection, newest, actor, since, newest.c.allowed.is_(False))


def list_refusals(connection: sa.Connection) -> list[str]:
    """List the reasons of the newest refusals, oldest first."""
    newest = _newest_rows()
    query = sa.select(newest.c.reason).where(newest.c.allowed.is_(False)).order_by(newest.c.id)
    return list(connection.execute(query).scalars())


def _newest_rows() -> sa.Subquery:
    return sa.select(audit).order_by(audit.c.id.desc()).limit(1000).subquery()


def _count(
    connection: sa.Connection, newest: sa.Subquery, actor: str, since: int, which: sa.ColumnElement[bool]
) -> int:
    query = sa.select(sa.func.count()).select_from(newest)
    return int(connection.execute(query.where(newest.c.actor == actor, newest.c.at >= since, which)).scalar_one())
