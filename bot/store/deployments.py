"""Keep what was deployed where and how it ended, and which of it was rolled back. Times are in ms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.tables import deployment, rollback
from bot.store.upsert import insert
from bot.types import JsonModel, Repository

RollbackState = Literal["started", "watching", "succeeded", "failed"]
ENDED: tuple[RollbackState, ...] = ("succeeded", "failed")
_KEPT_MS = 180 * 86_400_000
_LISTED = 50
_LATEST = 120_000  # ms; looks at a rollback are a minute apart


class Deployed(JsonModel):
    """A deployment as its newest status has it."""

    id: int
    environment: str
    sha: str
    created: int
    state: str
    changed: int
    good: int | None = None  # when it succeeded first


class Rollback(JsonModel):
    """A rollback from its decision to its end."""

    task: str
    place: Repository
    environment: str
    bad: int  # the deployment that was live
    bad_sha: str
    sha: str  # that was to be live again
    state: RollbackState = "started"
    way: str = ""
    deployment: int | None = None  # that brought it back
    issue: int | None = None
    began: int
    due: int | None = None  # when to look at it
    ended: int | None = None


def record(connection: sa.Connection, repository: int, known: Deployed) -> None:
    """Keep a deployment's newest status; an older one sets only ``good``."""
    row = known.model_dump() | {"repository": repository}
    made = insert(connection, deployment).values(**row)
    first = sa.func.coalesce(deployment.c.good, made.excluded.good)
    newer = made.excluded.changed >= deployment.c.changed
    connection.execute(
        made.on_conflict_do_update(
            index_elements=[deployment.c.id],
            set_={
                "state": sa.case((newer, made.excluded.state), else_=deployment.c.state),
                "changed": sa.case((newer, made.excluded.changed), else_=deployment.c.changed),
                "good": first,
            },
        )
    )
    old = known.created - _KEPT_MS
    connection.execute(deployment.delete().where(deployment.c.repository == repository, deployment.c.created < old))


def list_deployed(connection: sa.Connection, repository: int, environment: str) -> list[Deployed]:
    """Return an environment's deployments, newest first."""
    here = (deployment.c.repository == repository, deployment.c.environment == environment)
    order = (deployment.c.created.desc(), deployment.c.id.desc())
    rows = connection.execute(sa.select(deployment).where(*here).order_by(*order).limit(_LISTED))
    return [Deployed.model_validate(row._mapping) for row in rows]


def get(connection: sa.Connection, repository: int, number: int) -> Deployed | None:
    """Return a repository's deployment, if it is known."""
    mine = (deployment.c.repository == repository, deployment.c.id == number)
    row = connection.execute(sa.select(deployment).where(*mine)).first()
    return None if row is None else Deployed.model_validate(row._mapping)


def begin(connection: sa.Connection, wanted: Rollback, pause: int) -> Rollback | None:
    """Note a rollback, or return the one that stands in its way.

    That is one of the same environment that began less than ``pause`` before. The same task's is no other.
    """
    known = find(connection, wanted.task)
    if known is not None:
        return None
    newest = find_newest(connection, wanted.place.id, wanted.environment)
    if newest is not None and wanted.began - newest.began < pause:
        return newest
    connection.execute(rollback.insert().values(**wanted.model_dump(mode="json"), repository=wanted.place.id))
    return None


def change(connection: sa.Connection, task: str, /, **values: Any) -> None:
    """Change what is known of a rollback that has not ended."""
    mine = (rollback.c.task == task, rollback.c.state.not_in(ENDED))
    connection.execute(rollback.update().where(*mine).values(**values))


def find(connection: sa.Connection, task: str) -> Rollback | None:
    """Return the rollback of a task."""
    row = connection.execute(sa.select(rollback).where(rollback.c.task == task)).first()
    return None if row is None else Rollback.model_validate(row._mapping)


def find_watched(connection: sa.Connection, repository: int, environment: str, deployed: Deployed) -> Rollback | None:
    """Return the rollback that a deployment belongs to and that has not ended.

    A workflow's or a webhook's deployment is known by nothing but the environment and when it was made; it is noted.
    """
    open_ones = [one for one in list_rollbacks(connection, repository, environment) if one.state not in ENDED]
    for one in open_ones:
        if one.deployment == deployed.id:
            return one
        if (
            one.way in {"workflow", "webhook"}
            and one.deployment is None
            and deployed.created >= one.began // 1000 * 1000
        ):
            change(connection, one.task, deployment=deployed.id)
            return one.model_copy(update={"deployment": deployed.id})
    return None


def find_newest(connection: sa.Connection, repository: int, environment: str) -> Rollback | None:
    """Return an environment's newest rollback."""
    return next(iter(list_rollbacks(connection, repository, environment, limit=1)), None)


def list_rollbacks(
    connection: sa.Connection, repository: int, environment: str, limit: int = _LISTED
) -> Sequence[Rollback]:
    """Return an environment's rollbacks, newest first."""
    here = (rollback.c.repository == repository, rollback.c.environment == environment)
    rows = connection.execute(sa.select(rollback).where(*here).order_by(rollback.c.began.desc()).limit(limit))
    return [Rollback.model_validate(row._mapping) for row in rows]


def forget_repository(connection: sa.Connection, repository: int) -> None:
    """Delete all that is known of a repository's deployments."""
    for table in (deployment, rollback):
        connection.execute(table.delete().where(table.c.repository == repository))


def forget_ended(connection: sa.Connection, before: int) -> int:
    """Delete some rollbacks that ended before a moment; count them."""
    old = sa.select(rollback.c.task).where(rollback.c.ended < before).limit(_LISTED).scalar_subquery()
    return connection.execute(rollback.delete().where(rollback.c.task.in_(old))).rowcount


def list_due(connection: sa.Connection, now: int) -> Sequence[Rollback]:
    """Return the rollbacks that are to be looked at."""
    # nobody asks for a look so late: the clock was set back since
    due = sa.or_(rollback.c.due <= now, rollback.c.due > now + _LATEST)
    found = sa.select(rollback).where(due, rollback.c.state == "watching").limit(_LISTED)
    return [Rollback.model_validate(row._mapping) for row in connection.execute(found)]
