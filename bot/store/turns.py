"""Let repositories take turns: which queued task is let in next, and how many are before one.

A task waits here until a worker is free, so that ten thousand tasks of one repository are not before the first of
another. ``admitted`` is null while only its row is stored, 0 while it waits, then the moment when it was let in. The
next is the one with the fewest tasks of its repository before it, of those that run and of those that wait.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import task

Lane = Literal["grouped", "free", "quick"]
"""Tasks that write to branches, other long ones, and short ones: none waits for a task of another lane."""
_LOCK = 0x464F524D  # any number of ours: PostgreSQL's advisory locks share one number space


class Admitted(NamedTuple):
    """A task that was let in."""

    id: str
    flow: str
    argument: dict[str, Any]
    group: str | None


def line_up(connection: sa.Connection, task_id: str) -> bool:
    """Let a stored task wait for its turn; False if it did already."""
    stored = sa.update(task).where(task.c.id == task_id, task.c.state == "queued", task.c.admitted.is_(None))
    return bool(connection.execute(stored.values(admitted=0)).rowcount)


def is_anybody_waiting(connection: sa.Connection) -> bool:
    """Return True if any task waits for its turn."""
    waiting = sa.select(task.c.id).where(task.c.state == "queued", task.c.admitted == 0)
    return connection.execute(waiting.limit(1)).first() is not None


def list_unbegun(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Return those of the tasks that nobody has begun."""
    query = sa.select(task.c.id).where(task.c.id.in_(ids), task.c.state == "queued")
    return set(connection.execute(query).scalars())


def admit(connection: sa.Connection, lane: Lane, quick: Collection[str], most: int) -> list[Admitted]:
    """Let in at most so many tasks of a lane, those whose turn it is.

    ``quick`` are the flows of the quick lane. Of several processes that ask at once, each task goes to one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    chosen = list(connection.execute(_line_of(lane, quick).limit(most)).scalars())
    connection.execute(sa.update(task).where(task.c.id.in_(chosen)).values(admitted=now_ms()))
    columns = (task.c.id, task.c.flow, task.c.argument, task.c.concurrency_group)
    rows = {row.id: Admitted(*row) for row in connection.execute(sa.select(*columns).where(task.c.id.in_(chosen)))}
    return [rows[each] for each in chosen]


def count_before(connection: sa.Connection, task_id: str, quick: Collection[str]) -> int | None:
    """Count the tasks that would be let in before one, as the line is now.

    None for one that does not wait, or not for a worker: another task of its group has not ended.
    """
    row = connection.execute(sa.select(task.c.flow, task.c.concurrency_group).where(task.c.id == task_id)).one()
    lane = find_lane(row.flow, row.concurrency_group, quick)
    line = list(connection.execute(_line_of(lane, quick)).scalars())
    return line.index(task_id) if task_id in line else None


def find_lane(flow: str, group: str | None, quick: Collection[str]) -> Lane:
    """Return the lane of a task."""
    if group is not None:
        return "grouped"
    return "quick" if flow in quick else "free"


def waits_for_worker() -> sa.ColumnElement[bool]:
    """Tell whether a task waits for a worker, not for another of its group."""
    taken = sa.select(task.c.concurrency_group).where(_is_let_in(), task.c.concurrency_group.is_not(None))
    free = sa.or_(task.c.concurrency_group.is_(None), task.c.concurrency_group.not_in(taken))
    return sa.and_(task.c.state == "queued", sa.or_(task.c.admitted > 0, free))


def _is_let_in() -> sa.ColumnElement[bool]:
    return sa.or_(task.c.state == "running", sa.and_(task.c.state == "queued", task.c.admitted > 0))


def _line_of(lane: Lane, quick: Collection[str]) -> sa.Select[Any]:
    """Select a lane's tasks that wait and could begin, the next first."""
    is_grouped = task.c.concurrency_group.is_not(None)
    theirs = {
        "grouped": is_grouped,
        "free": sa.and_(~is_grouped, task.c.flow.not_in(quick)),
        "quick": sa.and_(~is_grouped, task.c.flow.in_(quick)),
    }[lane]
    busy = (
        sa.select(task.c.repository, sa.func.count().label("tasks"))
        .where(_is_let_in(), theirs)
        .group_by(task.c.repository)
        .subquery()
    )
    order = (task.c.created, task.c.id)
    ranked = (
        sa.select(
            task.c.id,
            task.c.repository,
            task.c.created,
            task.c.concurrency_group,
            sa.func.row_number().over(partition_by=task.c.repository, order_by=order).label("rank"),
            sa.func.row_number().over(partition_by=task.c.concurrency_group, order_by=order).label("turn"),
        )
        .where(waits_for_worker(), task.c.admitted == 0, theirs)
        .subquery()
    )
    before = ranked.c.rank + sa.func.coalesce(busy.c.tasks, 0)
    return (
        sa.select(ranked.c.id)
        .select_from(ranked.outerjoin(busy, busy.c.repository == ranked.c.repository))
        .where(sa.or_(ranked.c.concurrency_group.is_(None), ranked.c.turn == 1))
        .order_by(before, ranked.c.created, ranked.c.id)
    )
