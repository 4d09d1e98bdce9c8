"""Keep the keys of models' providers, sealed, and what is known of each.

Of an owner's keys for a provider one is ``current``: new tasks are asked with it. A ``next`` one waits until it was
seen to work; a ``former`` one serves the tasks that began with it. A retired key's secret is gone; its row stays, so
that nobody else pays for its owner without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import key as table
from bot.store.tables import model_call, task
from bot.types import JsonModel, KeyScope

KeyUse = Literal["next", "current", "former"]
KeyState = Literal["untested", "works", "refused", "exhausted", "retired"]


class KeyOwner(JsonModel):
    """Owner of a key.

    ``id`` is an account's, a repository's or an installation's, 0 for the instance; ``name`` is how it was called when
    the key was added. ``installation`` is 0 where it does not matter.
    """

    scope: KeyScope
    id: int = 0
    name: str = ""
    installation: int = 0

    @property
    def words(self) -> str:
        """Name the owner in a sentence."""
        return {
            "person": f"@{self.name}",
            "repository": f"the repository {self.name}",
            "organisation": f"the organisation {self.name}",
            "instance": "this server",
        }[self.scope]


class StoredKey(JsonModel):
    """A key's row; times are milliseconds since the epoch."""

    id: str  # random and public
    scope: KeyScope
    owner: int
    owner_name: str
    installation: int = 0
    provider: str
    name: str
    masked: str  # the part of the key that may be shown
    sealed: str | None
    use: KeyUse
    fallback: bool  # whether a wider key may pay where this one cannot be used
    state: KeyState = "untested"
    problem: str = ""
    until: int | None = None  # so long it is exhausted, where the provider says it
    added_by: str = ""  # a login, "" for whoever runs the server
    created: int
    tested: int | None = None
    retired: int | None = None
    stages: list[dict[str, Any]] | None = None  # of its last test, as plain JSON

    @property
    def place(self) -> str:
        """Say where the secret is kept, for the seal."""
        return f"{table.name}:{self.id}:{self.scope}:{self.owner}:{self.provider}"

    @property
    def belongs_to(self) -> KeyOwner:
        """Return the owner."""
        return KeyOwner(scope=self.scope, id=self.owner, name=self.owner_name, installation=self.installation)


class Finding(JsonModel):
    """Result of a test or a call about a key."""

    state: KeyState
    problem: str = ""
    until: int | None = None


def add(connection: sa.Connection, new: StoredKey) -> bool:
    """Store a key; False where its owner has a current one already."""
    if new.use == "current" and _find_current(connection, new) is not None:
        return False
    slot = _slot(new) if new.use == "current" else None
    connection.execute(table.insert().values(**new.model_dump(mode="json"), slot=slot))
    return True


def find(connection: sa.Connection, key_id: str) -> StoredKey | None:
    """Return a key by its id, if there is one."""
    row = connection.execute(sa.select(table).where(table.c.id == key_id)).one_or_none()
    return None if row is None else _read(row)


def list_all(connection: sa.Connection) -> list[StoredKey]:
    """List every key, retired ones included, oldest first."""
    return [_read(row) for row in connection.execute(sa.select(table).order_by(table.c.created, table.c.id))]


def list_for(connection: sa.Connection, provider: str, owners: Sequence[KeyOwner]) -> list[StoredKey]:
    """List what owners have for a provider, oldest first."""
    theirs = [sa.and_(table.c.scope == each.scope, table.c.owner == each.id) for each in owners]
    query = sa.select(table).where(table.c.provider == provider, sa.or_(*theirs))
    return [_read(row) for row in connection.execute(query.order_by(table.c.created, table.c.id))]


def list_providers(connection: sa.Connection) -> set[str]:
    """Return the providers that somebody has a key for."""
    return set(connection.execute(sa.select(table.c.provider).where(table.c.use == "current").distinct()).scalars())


def find_used(connection: sa.Connection, task_id: str, ids: Collection[str]) -> set[str]:
    """Return those of some keys that a task was asked with."""
    query = sa.select(model_call.c.key).where(model_call.c.task == task_id, model_call.c.key.in_(ids))
    return set(connection.execute(query.distinct()).scalars())


def list_outlived(connection: sa.Connection) -> list[str]:
    """List the former keys that no unfinished task was asked with."""
    used = sa.select(model_call.c.key).join(task, task.c.id == model_call.c.task).where(task.c.ended.is_(None))
    query = sa.select(table.c.id).where(table.c.use == "former", table.c.retired.is_(None), table.c.id.not_in(used))
    return list(connection.execute(query).scalars())


def promote(connection: sa.Connection, new: StoredKey) -> None:
    """Make a ``next`` key the current one of its owner."""
    connection.execute(sa.update(table).where(table.c.slot == _slot(new)).values(use="former", slot=None))
    connection.execute(sa.update(table).where(table.c.id == new.id).values(use="current", slot=_slot(new)))


def note(connection: sa.Connection, key_id: str, found: Finding, stages: list[dict[str, Any]]) -> None:
    """Store how a test of a key went that is not retired."""
    values = found.model_dump() | {"tested": now_ms(), "stages": stages}
    connection.execute(sa.update(table).where(table.c.id == key_id, table.c.retired.is_(None)).values(**values))


def note_change(connection: sa.Connection, key_id: str, found: Finding) -> None:
    """Store what a call says of a key, if that is new."""
    changed = (table.c.state != found.state, table.c.id == key_id, table.c.retired.is_(None))
    connection.execute(sa.update(table).where(*changed).values(**found.model_dump()))


def change(connection: sa.Connection, key_id: str, name: str, *, fallback: bool) -> None:
    """Call a key otherwise, and say whether a wider one may pay instead."""
    query = sa.update(table).where(table.c.id == key_id)
    connection.execute(query.values(name=name, fallback=fallback))


def sum_since(connection: sa.Connection, ids: Collection[str], since: int) -> dict[str, int]:
    """Add up what each of some keys paid since a moment, in micro-dollars."""
    paid = sa.func.coalesce(sa.func.sum(model_call.c.cost), 0)
    query = sa.select(model_call.c.key, paid).where(model_call.c.key.in_(ids), model_call.c.created >= since)
    return {key: int(cost) for key, cost in connection.execute(query.group_by(model_call.c.key))}


def set_fallback(connection: sa.Connection, ids: Collection[str], *, allowed: bool) -> None:
    """Say whether wider keys may pay where these cannot be used."""
    connection.execute(sa.update(table).where(table.c.id.in_(ids)).values(fallback=allowed))


def retire(connection: sa.Connection, ids: Collection[str]) -> int:
    """Forget the secrets of keys; return how many they were."""
    values = {"state": "retired", "sealed": None, "use": "former", "slot": None, "retired": now_ms(), "until": None}
    query = sa.update(table).where(table.c.id.in_(ids), table.c.retired.is_(None))
    return connection.execute(query.values(**values)).rowcount


def _find_current(connection: sa.Connection, new: StoredKey) -> str | None:
    return connection.execute(sa.select(table.c.id).where(table.c.slot == _slot(new))).scalar_one_or_none()


def _slot(key: StoredKey) -> str:
    return f"{key.scope}:{key.owner}:{key.provider}"


def _read(row: sa.Row[tuple[object, ...]]) -> StoredKey:
    return StoredKey.model_validate(dict(row._mapping))
