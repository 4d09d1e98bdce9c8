"""Keep incidents, what is wrong in each, and their stories.

A repository is known by its id. An incident is *open* while it holds its ``open_key``, which no other one can hold: so
however many processes read signals, one trouble is one incident.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from bot.store.incident_tables import (
    incident,
    incident_act,
    incident_event,
    incident_join,
    lesson,
    signal_seen,
    trouble,
)
from bot.store.upsert import insert
from bot.types import JsonModel, Repository

IncidentState = Literal["open", "acting", "watching", "closed", "storm"]
IncidentKind = Literal["ci", "alert", "error", "deploy", "security", "infrastructure", "storm"]
AT_ONCE = 0  # when something is due: by every clock, also by one that is set back meanwhile
_LOCK = 0x464F524B  # any number of ours; the second key of the lock is the repository
_CHUNK = 200


class Incident(JsonModel):
    """A trouble from its first signal to the evidence of its end; times in ms."""

    id: str
    repository: int
    place: Repository
    key: str
    open_key: str | None
    kind: IncidentKind
    state: IncidentState = "open"
    title: str
    severity: str = "error"
    service: str = ""
    environment: str = ""
    branch: str = ""
    cause: str = "unknown"
    opened: int  # when it was first heard of
    first: int  # when this episode began, as the source says
    last: int  # newest news
    count: int = 0  # pieces of news
    episode: int = 1  # 2 where it came back once
    good_sha: str = ""
    bad_sha: str = ""
    number: int | None = None  # of its issue on GitHub
    data: dict[str, Any] = Field(default_factory=dict)
    due: int | None = None  # when to look at it, or AT_ONCE
    passes: int = 0
    passed: int | None = None  # when it was looked at last
    task: str | None = None  # that looked at it last
    closed: int | None = None

    def is_due(self, now: int) -> bool:
        """Return whether it is due to be looked at.

        A last look in the future was before the clock was set back, and ``due`` is by that clock.
        """
        return self.due is not None and (self.due <= now or (self.passed or 0) > now)


class Trouble(JsonModel):
    """One thing that is or was wrong: a job, an alert, a deployment."""

    repository: int
    key: str
    incident: str | None = None
    kind: str
    title: str
    service: str = ""
    environment: str = ""
    branch: str = ""
    setup: bool = False  # it failed before anything of the repository's own ran
    firing: bool = False  # by the source's newest word
    alerts: tuple[str, ...] = ()  # of which it is made, that fire: one pod of several that is well is no end
    count: int = 0
    since: int = 0  # when it began to fire
    last: int = 0
    bad_sha: str = ""
    good_sha: str = ""
    good: int | None = None  # when good news came
    green: int | None = None  # when that was shown to be true


class IncidentEvent(JsonModel):
    """One entry of an incident's timeline."""

    id: int = 0
    incident: str
    at: int
    kind: str
    data: dict[str, Any] = Field(default_factory=dict)


def lock(connection: sa.Connection, repository: int) -> None:
    """Let nobody else change this repository's incidents until the commit.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, repository % 2**31)))


def mark_seen(connection: sa.Connection, repository: int, keys: Sequence[str], now: int) -> set[str]:
    """Remember news by its keys; return those that were not known."""
    new: set[str] = set()
    unique = list(dict.fromkeys(keys))
    for start in range(0, len(unique), _CHUNK):
        rows = [{"repository": repository, "key": key, "seen": now} for key in unique[start : start + _CHUNK]]
        query = insert(connection, signal_seen).values(rows).on_conflict_do_nothing()
        new.update(connection.execute(query.returning(signal_seen.c.key)).scalars())
    return new


def forget_seen(connection: sa.Connection, before: int) -> int:
    """Forget some news that came before a moment; count them."""
    old = sa.select(signal_seen.c.repository, signal_seen.c.key).where(signal_seen.c.seen < before).limit(_CHUNK)
    where = sa.tuple_(signal_seen.c.repository, signal_seen.c.key).in_(old)
    return connection.execute(signal_seen.delete().where(where)).rowcount


def get(connection: sa.Connection, incident_id: str) -> Incident | None:
    """Load an incident."""
    return _first(connection, sa.select(incident).where(incident.c.id == incident_id))


def find_open(connection: sa.Connection, repository: int, key: str) -> Incident | None:
    """Find the open incident with this key."""
    return _first(connection, sa.select(incident).where(incident.c.open_key == open_key(repository, key)))


def find_by_number(connection: sa.Connection, repository: int, number: int) -> Incident | None:
    """Find the incident that an issue is about."""
    query = sa.select(incident).where(incident.c.repository == repository, incident.c.number == number)
    return _first(connection, query.order_by(incident.c.opened.desc()))


def list_recent(connection: sa.Connection, repository: int, since: int) -> list[Incident]:
    """List a repository's incidents opened since a moment, or still open."""
    recent = sa.or_(incident.c.opened >= since, incident.c.open_key.is_not(None))
    query = sa.select(incident).where(incident.c.repository == repository, recent).order_by(incident.c.opened)
    return _list(connection, query)


def list_in_environment(connection: sa.Connection, repository: int, environment: str) -> list[Incident]:
    """List the open incidents of what runs in an environment."""
    query = sa.select(incident).where(incident.c.repository == repository, incident.c.environment == environment)
    return _list(connection, query.where(incident.c.open_key.is_not(None)).order_by(incident.c.opened))


def count_opened(connection: sa.Connection, repository: int, since: int) -> int:
    """Count a repository's incidents that were opened since a moment."""
    query = sa.select(sa.func.count()).select_from(incident)
    where = (incident.c.repository == repository, incident.c.opened >= since, incident.c.kind != "storm")
    return int(connection.execute(query.where(*where)).scalar_one())


def forget(connection: sa.Connection, repository: int) -> None:
    """Forget all incidents of a repository."""
    ids = sa.select(incident.c.id).where(incident.c.repository == repository).scalar_subquery()
    connection.execute(incident_event.delete().where(incident_event.c.incident.in_(ids)))
    for table in (incident_act, incident_join, trouble, signal_seen, lesson, incident):
        connection.execute(table.delete().where(table.c.repository == repository))


def forget_closed(connection: sa.Connection, before: int) -> int:
    """Forget some incidents that were over before a moment; count them."""
    old = sa.select(incident.c.id).where(incident.c.closed < before, incident.c.open_key.is_(None)).limit(_CHUNK)
    ids = connection.execute(old).scalars().all()
    for table in (incident_event, incident_act, incident_join, trouble):
        connection.execute(table.delete().where(table.c.incident.in_(ids)))
    return connection.execute(incident.delete().where(incident.c.id.in_(ids))).rowcount


def save(connection: sa.Connection, one: Incident) -> None:
    """Store an incident, in place of what was known of it."""
    row = one.model_dump(mode="json")
    query = insert(connection, incident).values(row)
    values = {name: value for name, value in row.items() if name != "id"}
    connection.execute(query.on_conflict_do_update(index_elements=["id"], set_=values))


def change(connection: sa.Connection, incident_id: str, values: Mapping[str, Any]) -> None:
    """Change some columns of an incident."""
    connection.execute(sa.update(incident).where(incident.c.id == incident_id).values(**values))


def merge_data(connection: sa.Connection, incident_id: str, values: Mapping[str, Any]) -> None:
    """Remember more about an incident, over earlier values of their names."""
    query = sa.select(incident.c.data).where(incident.c.id == incident_id).with_for_update()
    data = dict(connection.execute(query).scalar_one()) | dict(values)
    change(connection, incident_id, {"data": data})


def open_key(repository: int, key: str) -> str:
    """Return what one open incident alone can hold."""
    return f"{repository} {key}"


def find_troubles(connection: sa.Connection, repository: int, keys: Collection[str]) -> dict[str, Trouble]:
    """Load what is known under these keys."""
    found: dict[str, Trouble] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), _CHUNK):
        named = trouble.c.key.in_(wanted[start : start + _CHUNK])
        rows = connection.execute(sa.select(trouble).where(trouble.c.repository == repository, named))
        found |= {row.key: Trouble.model_validate(dict(row._mapping)) for row in rows}
    return found


def find_prefixed(connection: sa.Connection, repository: int, prefix: str) -> list[Trouble]:
    """Load what is known under keys that begin alike."""
    named = trouble.c.key.startswith(prefix, autoescape=True)
    query = sa.select(trouble).where(trouble.c.repository == repository, named).order_by(trouble.c.key).limit(_CHUNK)
    return [Trouble.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def list_troubles(connection: sa.Connection, incident_id: str) -> list[Trouble]:
    """List what is or was wrong in an incident, in the order of its beginning."""
    query = sa.select(trouble).where(trouble.c.incident == incident_id).order_by(trouble.c.since, trouble.c.key)
    return [Trouble.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def list_setups(connection: sa.Connection, repository: int, since: int) -> list[Trouble]:
    """List the jobs that failed before anything of the repository's own ran."""
    fresh = (trouble.c.setup, trouble.c.firing, trouble.c.last >= since)
    query = sa.select(trouble).where(trouble.c.repository == repository, *fresh).order_by(trouble.c.key)
    return [Trouble.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def save_troubles(connection: sa.Connection, changed: Iterable[Trouble]) -> None:
    """Store troubles, in place of what was known of each."""
    for one in changed:
        row = one.model_dump()
        query = insert(connection, trouble).values(row)
        values = {name: value for name, value in row.items() if name not in {"repository", "key"}}
        connection.execute(query.on_conflict_do_update(index_elements=["repository", "key"], set_=values))


def find_joined(connection: sa.Connection, repository: int, names: Collection[str]) -> str | None:
    """Return the open incident that has one of these other names."""
    if not names:
        return None
    known = (incident_join.c.repository == repository, incident_join.c.name.in_(names))
    query = sa.select(incident.c.id).join(incident_join, incident_join.c.incident == incident.c.id)
    query = query.where(*known, incident.c.open_key.is_not(None)).order_by(incident.c.opened).limit(1)
    return connection.execute(query).scalar_one_or_none()


def add_names(connection: sa.Connection, repository: int, incident_id: str, names: Collection[str]) -> None:
    """Give an incident other names, in place of whoever had them."""
    for name in names:
        query = insert(connection, incident_join).values(repository=repository, name=name, incident=incident_id)
        query = query.on_conflict_do_update(index_elements=["repository", "name"], set_={"incident": incident_id})
        connection.execute(query)


def add_events(connection: sa.Connection, events: Iterable[IncidentEvent]) -> None:
    """Add to the timelines of incidents."""
    rows = [one.model_dump(exclude={"id"}) for one in events]
    if rows:
        connection.execute(sa.insert(incident_event), rows)


def list_events(connection: sa.Connection, incident_id: str) -> list[IncidentEvent]:
    """List an incident's timeline, oldest first."""
    query = sa.select(incident_event).where(incident_event.c.incident == incident_id).order_by(incident_event.c.id)
    return [IncidentEvent.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def make_event(incident_id: str, kind: str, data: Mapping[str, Any], at: int) -> IncidentEvent:
    """Make an entry of a timeline."""
    return IncidentEvent(incident=incident_id, at=at, kind=kind, data=dict(data))


def _first(connection: sa.Connection, query: sa.Select[Any]) -> Incident | None:
    row = connection.execute(query.limit(1)).first()
    return None if row is None else Incident.model_validate(dict(row._mapping))


def _list(connection: sa.Connection, query: sa.Select[Any]) -> list[Incident]:
    return [Incident.model_validate(dict(row._mapping)) for row in connection.execute(query)]
