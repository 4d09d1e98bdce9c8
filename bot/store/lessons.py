"""Keep what healed which trouble, for a time: evidence for whoever meets it again, and figures of how long it took."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.incident_tables import lesson
from bot.store.upsert import insert
from bot.types import JsonModel


class Lesson(JsonModel):
    """The end of one episode of an incident."""

    incident: str
    episode: int
    repository: int
    key: str
    cause: str
    healed_by: str  # an act, or ``people``
    citation: str  # pull request or commit
    worked: bool = True  # False once it came back
    seconds: int  # from the first signal to the evidence
    at: int
    expires: int


class FixTimes(NamedTuple):
    """Times that troubles of a class lasted, in seconds."""

    cause: str
    ended: int
    p50: int
    p90: int


def put(connection: sa.Connection, one: Lesson) -> None:
    """Store a lesson, in place of an earlier one about the same episode."""
    values = one.model_dump()
    query = insert(connection, lesson).values(values)
    index = ["incident", "episode"]
    rest = {name: value for name, value in values.items() if name not in index}
    connection.execute(query.on_conflict_do_update(index_elements=index, set_=rest))


def fail(connection: sa.Connection, incident: str) -> None:
    """Note that a trouble came back, so that nothing had healed it."""
    connection.execute(sa.update(lesson).where(lesson.c.incident == incident).values(worked=False))


def list_known(connection: sa.Connection, repository: int, key: str, now: int) -> list[Lesson]:
    """List what was learnt about a trouble and has not expired, newest first."""
    known = (lesson.c.repository == repository, lesson.c.key == key, lesson.c.expires > now)
    return _list(connection, sa.select(lesson).where(*known).order_by(lesson.c.at.desc()).limit(5))


def forget(connection: sa.Connection, before: int) -> int:
    """Forget the lessons that expired before a moment; count them."""
    return connection.execute(lesson.delete().where(lesson.c.expires < before)).rowcount


def measure(connection: sa.Connection, repositories: Collection[int] | None, since: int) -> list[FixTimes]:
    """Measure how long troubles lasted that ended since a moment, by class.

    Of some repositories, or of all (None).
    """
    query = sa.select(lesson.c.cause, lesson.c.seconds).where(lesson.c.at >= since)
    if repositories is not None:
        query = query.where(lesson.c.repository.in_(repositories))
    times: dict[str, list[int]] = {}
    for cause, seconds in connection.execute(query.order_by(lesson.c.seconds)):
        times.setdefault(cause, []).append(seconds)
    return [FixTimes(cause, len(all_), _rank(all_, 50), _rank(all_, 90)) for cause, all_ in sorted(times.items())]


def _rank(ordered: list[int], percent: int) -> int:
    """Return the smallest value that so many percent do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _list(connection: sa.Connection, query: sa.Select[Any]) -> list[Lesson]:
    return [Lesson.model_validate(dict(row._mapping)) for row in connection.execute(query)]
