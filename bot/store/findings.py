"""Keep what reviews found and how it ended: one row a finding and pull request.

``open`` and ``folded`` findings were posted, inline or in the summary; ``fixed``, ``ignored`` and ``disputed`` is how
they ended. ``data`` belongs to whoever stored it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import finding
from bot.store.upsert import insert
from bot.types import JsonModel

State = Literal["open", "folded", "fixed", "ignored", "disputed"]
UNSETTLED: frozenset[State] = frozenset({"open", "folded"})
# a push may fix or reopen these
WATCHED: frozenset[State] = UNSETTLED | {"fixed"}


class StoredFinding(JsonModel):
    """A finding of a pull request.

    ``rule`` is ``<tool>:<rule>`` or ``model:<concern>``; ``task`` posted it last. ``comment`` is the id of its review
    comment, where known; ``reason`` and ``actor`` say who rejected it by a command, and why.
    """

    fingerprint: str
    repository: str
    number: int
    task: str
    rule: str
    state: State
    comment: int | None = None
    reason: str = ""
    actor: str | None = None
    data: dict[str, Any]


def remember(connection: sa.Connection, findings: Iterable[StoredFinding]) -> None:
    """Insert or update findings; what somebody disputed stays disputed."""
    key = ("fingerprint", "repository", "number")
    for one in findings:
        row = one.model_dump() | {"updated": now_ms()}
        new = insert(connection, finding).values(row)
        values = {name: value for name, value in row.items() if name not in key}
        values["comment"] = sa.func.coalesce(new.excluded.comment, finding.c.comment)
        connection.execute(
            new.on_conflict_do_update(index_elements=list(key), set_=values, where=finding.c.state != "disputed")
        )


def list_for_pull(connection: sa.Connection, repository: str, number: int) -> list[StoredFinding]:
    """List every finding of a pull request, in no particular order."""
    query = sa.select(finding).where(finding.c.repository == repository, finding.c.number == number)
    return _read(connection, query.order_by(finding.c.fingerprint))


def has_any(connection: sa.Connection, repository: str, number: int, states: Collection[State]) -> bool:
    """Return True if a pull request has a finding in one of these states."""
    query = sa.select(finding.c.fingerprint).where(
        finding.c.repository == repository, finding.c.number == number, finding.c.state.in_(states)
    )
    return connection.execute(query.limit(1)).first() is not None


def settle(connection: sa.Connection, repository: str, number: int, ends: Mapping[str, tuple[State, str]]) -> None:
    """Record how open or folded findings ended and why, by fingerprint."""
    rows = sa.update(finding).where(finding.c.repository == repository, finding.c.number == number)
    for name, (state, reason) in ends.items():
        query = rows.where(finding.c.fingerprint == name, finding.c.state.in_(UNSETTLED))
        connection.execute(query.values(state=state, reason=reason, updated=now_ms()))


def ignore(
    connection: sa.Connection, repository: str, number: int, key: str | int, reason: str, actor: str
) -> StoredFinding | None:
    """Reject a finding by fingerprint or comment id; None if there is none."""
    named = finding.c.comment == key if isinstance(key, int) else finding.c.fingerprint == key
    query = sa.update(finding).where(finding.c.repository == repository, finding.c.number == number, named)
    done = query.values(state="disputed", reason=reason, actor=actor, updated=now_ms()).returning(finding)
    row = connection.execute(done).first()
    return None if row is None else StoredFinding.model_validate(dict(row._mapping))


def find_rejected(connection: sa.Connection, repository: str, fingerprints: Iterable[str]) -> list[StoredFinding]:
    """Find those a command rejected, for every pull request here."""
    query = sa.select(finding).where(
        finding.c.fingerprint.in_(list(fingerprints)), finding.c.repository == repository, finding.c.actor.is_not(None)
    )
    return _read(connection, query)


def move(connection: sa.Connection, old: str, new: str) -> None:
    """Let findings follow a repository to its new name.

    What another repository left under that name goes: its numbers mean other pull requests. Told twice, it does no
    more than once.
    """
    ours = finding.c.repository == old
    if old != new and connection.execute(sa.select(finding.c.number).where(ours).limit(1)).first() is not None:
        forget(connection, new)
        connection.execute(sa.update(finding).where(ours).values(repository=new))


def forget(connection: sa.Connection, repository: str) -> None:
    """Drop the findings of a repository, whose name others may take."""
    connection.execute(sa.delete(finding).where(finding.c.repository == repository))


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[StoredFinding]:
    return [StoredFinding.model_validate(dict(row._mapping)) for row in connection.execute(query)]
