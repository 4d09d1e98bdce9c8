"""Read decisions and writes on GitHub as one trail, oldest first, however long it is."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.governance_tables import github_write
from bot.store.store import Store
from bot.store.tables import audit, task

_PAGE = 500


class TrailFilter(NamedTuple):
    """The wanted rows, None for any; ``since`` in milliseconds."""

    since: int = 0
    repository: str | None = None
    actor: str | None = None
    task: str | None = None


def read_trail(store: Store, wanted: TrailFilter) -> Iterator[dict[str, Any]]:
    """Yield every row as plain JSON; a page is held in memory, never all.

    ``kind`` is ``decision`` or ``write``; repository and actor of a write are those of its task.
    """
    decisions = _read(store, _select_decisions(wanted), audit.c.id)
    writes = _read(store, _select_writes(wanted), github_write.c.id)
    yield from heapq.merge(decisions, writes, key=lambda row: row["at"])


def list_writes(connection: sa.Connection, wanted: TrailFilter, after: str | None, limit: int) -> list[dict[str, Any]]:
    """List writes as plain JSON, newest first; ``after`` is a row's id."""
    query = _select_writes(wanted)
    if after is not None:
        query = query.where(github_write.c.id < after)
    rows = connection.execute(query.order_by(github_write.c.id.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]


def _read(store: Store, query: sa.Select[Any], key: sa.Column[Any]) -> Iterator[dict[str, Any]]:
    def load(connection: sa.Connection) -> list[dict[str, Any]]:
        page = query if last is None else query.where(key > last)
        return [dict(row._mapping) for row in connection.execute(page.order_by(key).limit(_PAGE))]

    last: Any = None
    while rows := store.run_sync(load):
        last = rows[-1]["id"]
        yield from rows


def _select_decisions(wanted: TrailFilter) -> sa.Select[Any]:
    query = sa.select(sa.literal("decision").label("kind"), audit).where(audit.c.at >= wanted.since)
    given = ((audit.c.repository, wanted.repository), (audit.c.actor, wanted.actor), (audit.c.task, wanted.task))
    return _filter(query, given)


def _select_writes(wanted: TrailFilter) -> sa.Select[Any]:
    columns = [column for column in github_write.c if column.name != "repository"]
    whose = (task.c.repository, task.c.actor)
    query = sa.select(sa.literal("write").label("kind"), *columns, *whose).outerjoin_from(
        github_write, task, github_write.c.task == task.c.id
    )
    given = (
        (task.c.repository, wanted.repository),
        (task.c.actor, wanted.actor),
        (github_write.c.task, wanted.task),
    )
    return _filter(query.where(github_write.c.at >= wanted.since), given)


def _filter(query: sa.Select[Any], given: tuple[tuple[sa.Column[Any], str | None], ...]) -> sa.Select[Any]:
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    return query
