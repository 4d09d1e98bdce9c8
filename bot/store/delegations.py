"""Keep which issues people handed to Copilot, and the pull requests that came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.room_tables import delegation
from bot.store.upsert import insert
from bot.types import Actor, JsonModel

_LONGEST_MS = 7 * 24 * 3_600_000  # so long a pull request may come, and the issue is not handed over again


class Delegation(JsonModel):
    """An issue in the agent's hands; ``url`` is the agent's page at GitHub.

    ``repository`` is a name, ``created`` milliseconds since the epoch.
    """

    repository_id: int
    number: int
    repository: str
    installation: int
    account: Actor
    created: int
    url: str = ""
    pull: int | None = None


def claim(connection: sa.Connection, new: Delegation) -> bool:
    """Store that an issue is handed over; False where it is already.

    One that led to a pull request, or to none for a week, gives way.
    """
    is_over = sa.or_(delegation.c.pull.is_not(None), delegation.c.created < now_ms() - _LONGEST_MS)
    values = new.model_dump(mode="json")
    query = insert(connection, delegation).values(values)
    again = query.on_conflict_do_update(index_elements=["repository_id", "number"], set_=values, where=is_over)
    return connection.execute(again.returning(delegation.c.number)).first() is not None


def note_url(connection: sa.Connection, claimed: Delegation, url: str) -> None:
    """Note where GitHub shows the agent's work."""
    connection.execute(_same(claimed).values(url=url))


def drop(connection: sa.Connection, claimed: Delegation) -> None:
    """Forget an issue that GitHub did not take."""
    theirs = sa.and_(delegation.c.repository_id == claimed.repository_id, delegation.c.number == claimed.number)
    connection.execute(delegation.delete().where(theirs))


def find(connection: sa.Connection, repository_id: int, pull: int, issues: Collection[int]) -> Delegation | None:
    """Find the one that a pull request of the agent's came of, and note it.

    The first pull request that names the issue is the one; another is nobody's.
    """
    here = sa.select(delegation).where(delegation.c.repository_id == repository_id).order_by(delegation.c.number)
    known = connection.execute(here.where(delegation.c.pull == pull)).first()
    if known is not None:
        return Delegation.model_validate(dict(known._mapping))
    young = delegation.c.created >= now_ms() - _LONGEST_MS
    open_ones = here.where(delegation.c.pull.is_(None), delegation.c.number.in_(issues), young)
    row = connection.execute(open_ones).first()
    if row is None:
        return None
    found = Delegation.model_validate(dict(row._mapping))
    connection.execute(_same(found).values(pull=pull))
    return found.model_copy(update={"pull": pull})


def list_of(connection: sa.Connection, repositories: Sequence[int] | None, most: int) -> list[Delegation]:
    """List the newest of these repositories, None for all."""
    query = sa.select(delegation).order_by(delegation.c.created.desc(), delegation.c.number).limit(most)
    if repositories is not None:
        query = query.where(delegation.c.repository_id.in_(repositories))
    return [Delegation.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def _same(one: Delegation) -> sa.Update:
    query = sa.update(delegation).where(delegation.c.repository_id == one.repository_id)
    return query.where(delegation.c.number == one.number)
