"""Keep the figures reported for services, one row per window. Times are in ms."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.tables import figures
from bot.store.upsert import insert
from bot.types import JsonModel

_OF_A_DEPLOYMENT = 100  # windows of a service that are kept, the newest
_OF_A_REPOSITORY = 5_000
_CHUNK = 200


class Figures(JsonModel):
    """Numbers of a service in a window of time."""

    environment: str
    service: str
    started: int
    ended: int
    deployment: int | None = None  # that was live all the while, where one is known
    numbers: dict[str, float]


def add(connection: sa.Connection, repository: int, one: Figures) -> None:
    """Keep a window; the same one again, and what is too much, goes."""
    row = one.model_dump() | {"repository": repository}
    if not connection.execute(insert(connection, figures).values(**row).on_conflict_do_nothing()).rowcount:
        return
    everywhere = figures.c.repository == repository
    place = sa.and_(everywhere, figures.c.environment == one.environment, figures.c.service == one.service)
    same = sa.and_(place, figures.c.deployment.is_not_distinct_from(one.deployment))
    for where, most in ((same, _OF_A_DEPLOYMENT), (everywhere, _OF_A_REPOSITORY)):
        newest = sa.select(figures.c.ended).where(where).order_by(figures.c.ended.desc())
        last = connection.execute(newest.offset(most).limit(1)).scalar()
        if last is not None:
            connection.execute(figures.delete().where(where, figures.c.ended <= last))


def list_windows(
    connection: sa.Connection, repository: int, environment: str, service: str, *, until: int, most: int
) -> Sequence[Figures]:
    """Return a service's windows that ended by a moment, newest first."""
    here = (figures.c.repository == repository, figures.c.environment == environment, figures.c.service == service)
    query = sa.select(figures).where(*here, figures.c.ended <= until).order_by(figures.c.ended.desc()).limit(most)
    return [Figures.model_validate(row._mapping) for row in connection.execute(query)]


def list_services(connection: sa.Connection, repository: int, environment: str, most: int) -> Sequence[str]:
    """Return the services of an environment, by name."""
    here = (figures.c.repository == repository, figures.c.environment == environment)
    query = sa.select(figures.c.service).where(*here).distinct().order_by(figures.c.service).limit(most)
    return connection.execute(query).scalars().all()


def list_environments(connection: sa.Connection, repository: int, service: str) -> Sequence[str]:
    """Return the environments that a service's figures are of."""
    here = (figures.c.repository == repository, figures.c.service == service)
    return connection.execute(sa.select(figures.c.environment).where(*here).distinct().limit(_CHUNK)).scalars().all()


def forget_old(connection: sa.Connection, before: int) -> int:
    """Delete some windows that ended before a moment; count them."""
    mark = (figures.c.repository, figures.c.environment, figures.c.service, figures.c.ended)
    old = sa.select(*mark).where(figures.c.ended < before).limit(_CHUNK)
    return connection.execute(figures.delete().where(sa.tuple_(*mark).in_(old))).rowcount


def forget_repository(connection: sa.Connection, repository: int) -> None:
    """Delete all figures of a repository."""
    connection.execute(figures.delete().where(figures.c.repository == repository))
