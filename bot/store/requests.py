"""Keep idempotency keys: what was asked with each, and the task it led to."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import api_request
from bot.store.upsert import insert

_KEPT_MS = 30 * 24 * 3_600_000  # nobody repeats a request after a month


class KeyUse(NamedTuple):
    """The first use of an idempotency key."""

    digest: str  # of what was asked then
    task: str | None  # what it led to; None while that is being started, or where it was refused


def claim(connection: sa.Connection, token: str, key: str, digest: str) -> KeyUse:
    """Note the first use of a token's key, or return it; forget old ones."""
    now = now_ms()
    connection.execute(sa.delete(api_request).where(api_request.c.created < now - _KEPT_MS))
    new = insert(connection, api_request).values(token=token, key=key, digest=digest, created=now)
    connection.execute(new.on_conflict_do_nothing())
    query = sa.select(api_request.c.digest, api_request.c.task).where(*_match(token, key))
    return KeyUse(*connection.execute(query).one())


def settle(connection: sa.Connection, token: str, key: str, task: str) -> None:
    """Note the task that a key led to; the first one stays."""
    query = sa.update(api_request).where(*_match(token, key), api_request.c.task.is_(None))
    connection.execute(query.values(task=task))


def hold(connection: sa.Connection, token: str, key: str, digest: str, ms: int) -> bool:
    """Hold a key for one request; False while another one holds it.

    Who has not released it after ``ms`` milliseconds is taken for dead.
    """
    mine = api_request.c.digest == digest
    over = api_request.c.created < now_ms() - ms
    connection.execute(sa.delete(api_request).where(*_match(token, key), ~mine, over))
    return claim(connection, token, key, digest).digest == digest


def release(connection: sa.Connection, token: str, key: str, digest: str) -> None:
    """Let go of a key that a request holds."""
    connection.execute(sa.delete(api_request).where(*_match(token, key), api_request.c.digest == digest))


def _match(token: str, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    return api_request.c.token == token, api_request.c.key == key
