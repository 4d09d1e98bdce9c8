"""Keep who is signed in to the control room, and the hash of the local administrator's token."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.room_tables import local_token, session
from bot.store.upsert import insert
from bot.types import Actor, JsonModel, Repository

HOUR_MS = 3_600_000
IDLE_MS = 8 * HOUR_MS
LONGEST_MS = 7 * 24 * HOUR_MS
_MINUTE_MS = 60_000  # when a session was last used is noted no finer than this
_LOCAL = "local"


class SeenRepository(JsonModel):
    """A repository that an account may read, with its role there."""

    repository: Repository
    role: str


class Session(JsonModel):
    """A session's row; times are milliseconds since the epoch.

    ``account`` None: the local administrator's. ``token`` is the account's token of GitHub, sealed.
    """

    id: str  # random; it may be shown
    hash: str  # SHA-256 of what the cookie holds
    account: Actor | None
    seen: tuple[SeenRepository, ...] = ()
    seen_at: int
    token: str | None = None
    token_until: int | None = None
    browser: str
    created: int
    used: int

    @property
    def place(self) -> str:
        """Say where its token is kept, for the seal."""
        return place_of(self.id)

    @property
    def expires(self) -> int:
        """Return when it ends, if it is not used until then."""
        return min(self.used + IDLE_MS, self.created + LONGEST_MS)

    @property
    def is_used(self) -> bool:
        """Return True if its use was noted within the last minute."""
        return self.used >= now_ms() - _MINUTE_MS

    @property
    def live(self) -> bool:
        """Return True if it has not ended."""
        return self.expires > now_ms()


def place_of(session_id: str) -> str:
    """Say where a session's token is kept, for the seal."""
    return f"{session.name}:{session_id}"


def add(connection: sa.Connection, new: Session) -> None:
    """Store a session, and forget those that have ended."""
    forget_ended(connection, now_ms())
    values = new.model_dump(mode="json")
    connection.execute(session.insert().values(**values, account_id=None if new.account is None else new.account.id))


def find(connection: sa.Connection, digest: str) -> Session | None:
    """Find a session that has not ended."""
    row = connection.execute(sa.select(session).where(session.c.hash == digest)).one_or_none()
    found = None if row is None else Session.model_validate(dict(row._mapping))
    return found if found is not None and found.live else None


def note_use(connection: sa.Connection, session_id: str) -> None:
    """Note that a session is used now."""
    connection.execute(sa.update(session).where(session.c.id == session_id).values(used=now_ms()))


def is_live(connection: sa.Connection, session_id: str) -> bool:
    """Return True if a session exists and has not ended."""
    row = connection.execute(sa.select(session).where(session.c.id == session_id)).one_or_none()
    return row is not None and Session.model_validate(dict(row._mapping)).live


def end_all_of(connection: sa.Connection, account: int) -> None:
    """End every session of an account."""
    connection.execute(session.delete().where(session.c.account_id == account))


def forget_ended(connection: sa.Connection, now: int) -> int:
    """Delete the sessions that have ended, and tokens that have; count all."""
    ended = sa.or_(session.c.used < now - IDLE_MS, session.c.created < now - LONGEST_MS)
    gone = connection.execute(session.delete().where(ended)).rowcount
    spent = sa.update(session).where(session.c.token_until < now).values(token=None, token_until=None)
    return gone + connection.execute(spent).rowcount


def note_seen(connection: sa.Connection, session_id: str, seen: Sequence[SeenRepository]) -> None:
    """Replace what a session's account may read."""
    values = {"seen": [one.model_dump(mode="json") for one in seen], "seen_at": now_ms()}
    connection.execute(sa.update(session).where(session.c.id == session_id).values(**values))


def list_of(connection: sa.Connection, account: int | None) -> list[Session]:
    """List an account's sessions that have not ended, newest first.

    None: the local administrator's.
    """
    mine = session.c.account_id.is_(None) if account is None else session.c.account_id == account
    rows = connection.execute(sa.select(session).where(mine).order_by(session.c.used.desc(), session.c.id))
    return [found for row in rows if (found := Session.model_validate(dict(row._mapping))).live]


def end(connection: sa.Connection, session_id: str) -> bool:
    """End a session; return False if there is none."""
    return connection.execute(session.delete().where(session.c.id == session_id)).rowcount == 1


def keep_local(connection: sa.Connection, digest: str) -> bool:
    """Keep the hash of the first local token; False where there is one."""
    new = insert(connection, local_token).values(id=_LOCAL, hash=digest, created=now_ms())
    return connection.execute(new.on_conflict_do_nothing()).rowcount == 1


def replace_local(connection: sa.Connection, digest: str) -> None:
    """Replace the local token, and end the sessions that the old one opened."""
    connection.execute(local_token.delete())
    connection.execute(local_token.insert().values(id=_LOCAL, hash=digest, created=now_ms()))
    connection.execute(session.delete().where(session.c.account_id.is_(None)))


def read_local(connection: sa.Connection) -> str | None:
    """Return the hash of the local token, None where there is none."""
    return connection.execute(sa.select(local_token.c.hash)).scalar_one_or_none()
