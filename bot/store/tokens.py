"""Keep the tokens of the API: their hashes, never their text."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import api_token
from bot.types import Actor, JsonModel, Scope

_HOUR_MS = 3_600_000  # last use is noted no finer than this


class TokenRepository(JsonModel):
    """A repository that a token is bound to, and its name at that time."""

    id: int
    full_name: str


class NewToken(JsonModel):
    """A token to store."""

    hash: str  # SHA-256 of its text
    prefix: str  # the part of its text that may be shown
    name: str
    account: Actor
    scopes: tuple[Scope, ...]
    repositories: tuple[TokenRepository, ...] | None = None  # None: every one that the account may use
    expires: int  # milliseconds since the epoch


class StoredToken(NewToken):
    """A token's row; times are milliseconds since the epoch."""

    id: str  # random, so that its owner cannot foresee what is derived from it
    created: int
    used: int | None = None
    revoked: int | None = None

    @property
    def live(self) -> bool:
        """Return True if the token is neither expired nor revoked."""
        return self.revoked is None and self.expires > now_ms()

    @property
    def is_used(self) -> bool:
        """Return True if its use was noted within the last hour."""
        return (self.used or 0) >= now_ms() - _HOUR_MS


def add(connection: sa.Connection, new: NewToken) -> StoredToken:
    """Store a token."""
    token = StoredToken(**dict(new), id=secrets.token_hex(8), created=now_ms())
    connection.execute(api_token.insert().values(token.model_dump(mode="json")))
    return token


def find(connection: sa.Connection, digest: str) -> StoredToken | None:
    """Find a token by its hash."""
    row = connection.execute(sa.select(api_token).where(api_token.c.hash == digest)).one_or_none()
    return None if row is None else StoredToken.model_validate(dict(row._mapping))


def note_use(connection: sa.Connection, token_id: str) -> None:
    """Note that a token is used now."""
    connection.execute(sa.update(api_token).where(api_token.c.id == token_id).values(used=now_ms()))


def is_live(connection: sa.Connection, token_id: str) -> bool:
    """Return True if the token exists and is neither expired nor revoked."""
    row = connection.execute(
        sa.select(api_token.c.expires, api_token.c.revoked).where(api_token.c.id == token_id)
    ).first()
    return row is not None and row.revoked is None and row.expires > now_ms()


def list_all(connection: sa.Connection) -> list[StoredToken]:
    """List every token, oldest first."""
    rows = connection.execute(sa.select(api_token).order_by(api_token.c.created, api_token.c.id))
    return [StoredToken.model_validate(dict(row._mapping)) for row in rows]


def list_of(connection: sa.Connection, account: int) -> list[StoredToken]:
    """List the tokens of an account, oldest first."""
    return [token for token in list_all(connection) if token.account.id == account]


def revoke(connection: sa.Connection, token_id: str) -> bool:
    """Revoke a token; return False if there is none to revoke."""
    query = sa.update(api_token).where(api_token.c.id == token_id, api_token.c.revoked.is_(None))
    return connection.execute(query.values(revoked=now_ms())).rowcount == 1
