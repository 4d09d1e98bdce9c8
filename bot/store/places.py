"""Tell which repositories there are, and how it goes in each."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.tables import task
from bot.store.tasks import Task, is_in, make_task, name_repositories

FAILED = ("failed", "dead")


class PlaceFigures(NamedTuple):
    """A repository's tasks and failures, and its newest task (ms)."""

    name: str
    tasks: int
    failed: int
    newest: int | None


def list_names(connection: sa.Connection) -> list[str]:
    """List the repositories that tasks were about, by name."""
    return sorted(filter(None, connection.execute(sa.select(name_repositories().c.name)).scalars()))


def count_tasks(connection: sa.Connection, names: Collection[str], since: int) -> list[PlaceFigures]:
    """Count the tasks of repositories since a moment (ms), by name."""
    failed = sa.func.sum(sa.case((task.c.state.in_(FAILED), 1), else_=0))
    recent = sa.select(task.c.repository, sa.func.count(), failed).where(task.c.created >= since)
    counted = {row[0]: row for row in connection.execute(recent.group_by(task.c.repository))}
    newest = {name: _find_newest(connection, name) for name in names}
    return [
        PlaceFigures(name, int(row[1]) if row else 0, int(row[2]) if row else 0, newest[name])
        for name in sorted(names, key=str.casefold)
        for row in (counted.get(name),)
    ]


def find_failure(connection: sa.Connection, repository: int, name: str) -> Task | None:
    """Find the newest task that failed in a repository of an id and a name."""
    failed = (task.c.repository == name, task.c.state.in_(FAILED), is_in(repository))
    query = sa.select(task).where(*failed).order_by(task.c.created.desc(), task.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else make_task(row)


def _find_newest(connection: sa.Connection, name: str) -> int | None:
    """Find the newest task of a repository; one look into an index."""
    query = sa.select(task.c.created).where(task.c.repository == name).order_by(task.c.created.desc()).limit(1)
    return connection.execute(query).scalar()
