"""Read tasks, deliveries and the audit trail a page at a time, newest first.

A page begins after the last row of the one before, so new rows shift nothing and every page costs the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.reporting import CALLS, PAID, Spending
from bot.store.tables import audit, delivery, model_call, task, task_event
from bot.store.tasks import Task, make_task, repository_id


class TaskFilter(NamedTuple):
    """The wanted tasks, None for any; repositories are (id, present name)."""

    repositories: Collection[tuple[int, str]] | None = None
    number: int | None = None
    flow: str | None = None
    state: str | None = None
    actor: str | None = None


class Place(NamedTuple):
    """The row after which a page begins: its time (milliseconds) and key."""

    at: int
    key: str


class DeliveryRow(NamedTuple):
    """A delivery without its payload; times are milliseconds."""

    guid: str
    event: str
    received: int
    done: int | None
    error: str | None


class Outcome(NamedTuple):
    """Outcome of a delivery: where, which tasks, and a refusal."""

    repository: str | None = None
    started: tuple[str, ...] = ()
    refused: bool = False


class AuditRow(NamedTuple):
    """A row of the audit trail; ``at`` is milliseconds since the epoch."""

    id: int
    at: int
    task: str | None
    delivery: str | None
    repository: str | None
    actor: str | None
    action: str
    allowed: bool
    reason: str


def list_tasks(connection: sa.Connection, wanted: TaskFilter, after: Place | None, limit: int) -> list[Task]:
    """List tasks, newest first."""
    query = sa.select(task).order_by(task.c.created.desc(), task.c.id.desc()).limit(limit)
    given = ((task.c.number, wanted.number), (task.c.flow, wanted.flow), (task.c.state, wanted.state))
    for column, value in (*given, (task.c.actor, wanted.actor)):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(is_behind(task.c.created, task.c.id, after))
    if wanted.repositories is not None:
        query = query.where(*_are_of(wanted.repositories))
    return [make_task(row) for row in connection.execute(query)]


def _are_of(repositories: Collection[tuple[int, str]]) -> Sequence[sa.ColumnElement[bool]]:
    """Match the tasks of repositories.

    Names are for the index; ids leave out tasks of another repository that once had the name.
    """
    ids, names = {identity for identity, _ in repositories}, {name for _, name in repositories}
    told = repository_id.in_(ids)
    if len(names) == 1:
        return (task.c.repository == names.pop(), told)
    # An expression and no column: for that an index would be read by repository, and everything sorted by time.
    return ((task.c.repository + sa.literal("")).in_(names), told)


def sum_spending(connection: sa.Connection, tasks: Collection[str]) -> dict[str, Spending]:
    """Add up what was paid for each of these tasks."""
    query = sa.select(model_call.c.task, PAID, CALLS).where(model_call.c.task.in_(tasks))
    rows = connection.execute(query.group_by(model_call.c.task))
    return {name: Spending(int(paid), int(calls)) for name, paid, calls in rows}


def find_stages(connection: sa.Connection, tasks: Collection[str]) -> dict[str, str]:
    """Find the stage that each of these tasks reported last."""
    mine = (task_event.c.task.in_(tasks), task_event.c.kind == "stage")
    newest = sa.select(sa.func.max(task_event.c.id)).where(*mine).group_by(task_event.c.task)
    query = sa.select(task_event.c.task, task_event.c.data).where(task_event.c.id.in_(newest))
    return {name: str(data.get("stage") or "") for name, data in connection.execute(query)}


def list_deliveries(connection: sa.Connection, state: str | None, after: Place | None, limit: int) -> list[DeliveryRow]:
    """List deliveries, newest first; ``state`` is open, done or failed."""
    columns = (delivery.c.guid, delivery.c.event, delivery.c.received, delivery.c.done, delivery.c.error)
    query = sa.select(*columns)
    ended = (delivery.c.done.is_not(None), delivery.c.error.is_(None))
    states = {"open": (delivery.c.done.is_(None),), "done": ended, "failed": (delivery.c.error.is_not(None),)}
    if state is not None:
        query = query.where(*states[state])
    if after is not None:
        query = query.where(is_behind(delivery.c.received, delivery.c.guid, after))
    rows = connection.execute(query.order_by(delivery.c.received.desc(), delivery.c.guid.desc()).limit(limit))
    return [DeliveryRow(*row) for row in rows]


def find_delivery(connection: sa.Connection, guid: str) -> DeliveryRow | None:
    """Find a delivery by its GUID."""
    columns = (delivery.c[name] for name in DeliveryRow._fields)
    row = connection.execute(sa.select(*columns).where(delivery.c.guid == guid)).one_or_none()
    return None if row is None else DeliveryRow(*row)


def list_started(connection: sa.Connection, guid: str) -> list[Task]:
    """List the tasks that a delivery started, oldest first."""
    rows = connection.execute(sa.select(task).where(task.c.delivery == guid).order_by(task.c.created, task.c.id))
    return [make_task(row) for row in rows]


def list_outcomes(connection: sa.Connection, guids: Sequence[str]) -> dict[str, Outcome]:
    """Return what came of each of a page's deliveries."""
    found = {guid: Outcome() for guid in guids}
    decided = sa.select(audit.c.delivery, audit.c.repository, audit.c.allowed).where(audit.c.delivery.in_(guids))
    for guid, repository, allowed in connection.execute(decided):
        one = found[guid]
        found[guid] = one._replace(repository=one.repository or repository, refused=one.refused or not allowed)
    begun = sa.select(task.c.delivery, task.c.repository, task.c.id).where(task.c.delivery.in_(guids))
    for guid, repository, id in connection.execute(begun.order_by(task.c.created, task.c.id)):
        one = found[guid]
        found[guid] = one._replace(repository=one.repository or repository, started=(*one.started, id))
    return found


def list_decisions(connection: sa.Connection, guid: str) -> list[AuditRow]:
    """List what was decided about a delivery, oldest first."""
    query = sa.select(*(audit.c[name] for name in AuditRow._fields)).where(audit.c.delivery == guid)
    return [AuditRow(*row) for row in connection.execute(query.order_by(audit.c.id))]


def list_audit(
    connection: sa.Connection,
    *,
    repository: str | None,
    actor: str | None,
    allowed: bool | None,
    task: str | None,
    since: int,
    after: int | None,
    limit: int,
) -> list[AuditRow]:
    """List rows of the audit trail, newest first."""
    query = sa.select(*(audit.c[name] for name in AuditRow._fields))
    given: Sequence[tuple[sa.Column[Any], Any]] = (
        (audit.c.repository, repository),
        (audit.c.actor, actor),
        (audit.c.allowed, allowed),
        (audit.c.task, task),
    )
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    if since:
        query = query.where(audit.c.at >= since)
    if after is not None:
        query = query.where(audit.c.id < after)
    return [AuditRow(*row) for row in connection.execute(query.order_by(audit.c.id.desc()).limit(limit))]


def is_behind(time: sa.Column[Any], key: sa.Column[Any], place: Place) -> sa.ColumnElement[bool]:
    """Return the condition that rows come after a place, newest first."""
    # The first condition says nothing new, but an index can begin there.
    return sa.and_(time <= place.at, sa.or_(time < place.at, key < place.key))
