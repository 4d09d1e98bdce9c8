"""List incidents: a page of them, and those that are to be looked at."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from bot.store.incident_tables import incident, incident_act
from bot.store.incidents import AT_ONCE, Incident, IncidentState
from bot.store.tables import task

_CHUNK = 200


def list_page(
    connection: sa.Connection,
    repositories: Collection[int] | None,
    state: IncidentState | None,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Incident]:
    """List incidents, newest news first, behind the place where a page ended."""
    query = sa.select(incident).order_by(incident.c.last.desc(), incident.c.id.desc()).limit(limit)
    if repositories is not None:
        query = query.where(incident.c.repository.in_(repositories))
    if state is not None:
        query = query.where(incident.c.state == state)
    if after is not None:
        behind = sa.or_(incident.c.last < after[0], sa.and_(incident.c.last == after[0], incident.c.id < after[1]))
        query = query.where(behind)
    return [Incident.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def list_due(connection: sa.Connection, now: int) -> list[str]:
    """List the incidents that are to be looked at by now, longest due first."""
    # as Incident.is_due says
    due = sa.or_(incident.c.due <= now, sa.and_(incident.c.due.is_not(None), incident.c.passed > now))
    query = sa.select(incident.c.id).where(due).order_by(incident.c.due).limit(_CHUNK)
    return list(connection.execute(query).scalars())


def call_overdue(connection: sa.Connection, now: int, pause: int) -> None:
    """Have incidents looked at whose act has ended, or whose last look failed."""
    over = sa.select(incident_act.c.incident).join(task, task.c.id == incident_act.c.task)
    over = over.where(incident_act.c.ended.is_(None), task.c.ended.is_not(None))
    later = sa.or_(incident.c.due.is_(None), incident.c.due > now)
    connection.execute(sa.update(incident).where(incident.c.id.in_(over), later).values(due=AT_ONCE))
    broken = sa.exists().where(task.c.id == incident.c.task, task.c.ended.is_not(None), task.c.state != "done")
    failed = (incident.c.open_key.is_not(None), incident.c.due.is_(None), broken)
    connection.execute(sa.update(incident).where(*failed).values(due=now + pause))
