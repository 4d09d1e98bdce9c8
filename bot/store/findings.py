"""Keep what reviews found and how it ended: one row a finding and pull request.

A repository is known by its id, for names change hands and not every rename is told in time. Earlier versions wrote its
name into the column; whose such a finding is says the task that posted it.

``open`` and ``folded`` findings were posted, inline or in the summary; ``fixed``, ``ignored`` and ``disputed`` is how
they ended. ``data`` belongs to whoever stored it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import sqlalchemy as sa

from bot.store import tasks
from bot.store.database import now_ms
from bot.store.tables import finding, task
from bot.store.upsert import insert
from bot.types import JsonModel, Repository

State = Literal["open", "folded", "fixed", "ignored", "disputed"]
UNSETTLED: frozenset[State] = frozenset({"open", "folded"})
# a push may fix or reopen these
WATCHED: frozenset[State] = UNSETTLED | {"fixed"}


class StoredFinding(JsonModel):
    """A finding of some pull request."""

    fingerprint: str
    task: str  # posted it last
    rule: str  # ``<tool>:<rule>`` or ``model:<concern>``
    state: State
    comment: int | None = None  # id of its review comment, where known
    reason: str = ""  # why ``actor`` rejected it by a command
    actor: str | None = None
    data: dict[str, Any]


def remember(connection: sa.Connection, repository: Repository, number: int, found: Iterable[StoredFinding]) -> None:
    """Insert or update findings; what somebody disputed stays disputed."""
    _leave_names(connection, repository, number)
    where = {"repository": _key(repository), "number": number}
    for one in found:
        row = one.model_dump() | where | {"updated": now_ms()}
        new = insert(connection, finding).values(row)
        values = {name: value for name, value in row.items() if name not in {"fingerprint", *where}}
        values["comment"] = sa.func.coalesce(new.excluded.comment, finding.c.comment)
        index = ["fingerprint", *where]
        connection.execute(
            new.on_conflict_do_update(index_elements=index, set_=values, where=finding.c.state != "disputed")
        )


def list_for_pull(connection: sa.Connection, repository: Repository, number: int) -> list[StoredFinding]:
    """List every finding of a pull request, in no particular order."""
    return _read(connection, sa.select(finding).where(_of(repository, number)).order_by(finding.c.fingerprint))


def has_any(connection: sa.Connection, repository: Repository, number: int, states: Collection[State]) -> bool:
    """Return True if a pull request has a finding in one of these states."""
    query = sa.select(finding.c.fingerprint).where(_of(repository, number), finding.c.state.in_(states))
    return connection.execute(query.limit(1)).first() is not None


def settle(
    connection: sa.Connection, repository: Repository, number: int, ends: Mapping[str, tuple[State, str]]
) -> None:
    """Record how open or folded findings ended and why, by fingerprint."""
    rows = sa.update(finding).where(_of(repository, number))
    for name, (state, reason) in ends.items():
        query = rows.where(finding.c.fingerprint == name, finding.c.state.in_(UNSETTLED))
        connection.execute(query.values(state=state, reason=reason, updated=now_ms()))


def ignore(
    connection: sa.Connection, repository: Repository, number: int, key: str | int, reason: str, actor: str
) -> StoredFinding | None:
    """Reject a finding by fingerprint or comment id; None if there is none."""
    named = finding.c.comment == key if isinstance(key, int) else finding.c.fingerprint == key
    query = sa.update(finding).where(_of(repository, number), named)
    done = query.values(state="disputed", reason=reason, actor=actor, updated=now_ms()).returning(finding)
    row = connection.execute(done).first()
    return None if row is None else StoredFinding.model_validate(dict(row._mapping))


def find_rejected(
    connection: sa.Connection, repository: Repository, fingerprints: Iterable[str]
) -> list[StoredFinding]:
    """Find those a command rejected, for every pull request here."""
    named = finding.c.fingerprint.in_(list(fingerprints))
    query = sa.select(finding).where(named, _posted_by(repository), finding.c.actor.is_not(None))
    return _read(connection, query)


def forget(connection: sa.Connection, repository: Repository) -> None:
    """Drop the findings of a repository that is gone."""
    connection.execute(sa.delete(finding).where(_posted_by(repository)))


def _posted_by(repository: Repository) -> sa.ColumnElement[bool]:
    """Match what tasks of the repository posted."""
    return sa.exists().where(task.c.id == finding.c.task, tasks.is_in(repository.id))


def _of(repository: Repository, number: int) -> sa.ColumnElement[bool]:
    """Match the findings of a pull request."""
    # All names with such a number: without them no index serves, and every finding would be read.
    names = sa.select(task.c.repository).where(task.c.number == number)
    filed = sa.or_(finding.c.repository == _key(repository), finding.c.repository.in_(names))
    return sa.and_(filed, finding.c.number == number, _posted_by(repository))


def _leave_names(connection: sa.Connection, repository: Repository, number: int) -> None:
    """File what earlier versions wrote by name by the id."""
    key = _key(repository)
    twin = finding.alias()
    known = sa.exists().where(
        twin.c.fingerprint == finding.c.fingerprint, twin.c.repository == key, twin.c.number == number
    )
    named = sa.update(finding).where(_of(repository, number), finding.c.repository != key, sa.not_(known))
    connection.execute(named.values(repository=key))


def _key(repository: Repository) -> str:
    return str(repository.id)


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[StoredFinding]:
    return [StoredFinding.model_validate(dict(row._mapping)) for row in connection.execute(query)]
