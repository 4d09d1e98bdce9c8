"""Keep the sources of signals: who may send what about which repository."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import signal_source
from bot.types import JsonModel, Repository, SourceKind

_MINUTE_MS = 60_000  # when a source was last seen is noted no finer than this


class Source(JsonModel):
    """A source's row; times are milliseconds since the epoch."""

    id: str  # random; it stands in the source's address
    kind: SourceKind
    name: str
    repository: Repository
    key_hash: str  # SHA-256 of the secret part of its address
    secrets: tuple[str, ...]  # sealed, the newest first
    created: int
    seen: int | None = None
    revoked: int | None = None

    @property
    def place(self) -> str:
        """Say where its secrets are kept, for the seal."""
        return f"{signal_source.name}:{self.id}"


def add(connection: sa.Connection, source: Source) -> None:
    """Store a source."""
    connection.execute(
        signal_source.insert().values(**source.model_dump(mode="json"), installation=source.repository.installation)
    )


def list_live(connection: sa.Connection) -> list[Source]:
    """List the sources that are not revoked, oldest first."""
    query = sa.select(signal_source).where(signal_source.c.revoked.is_(None))
    rows = connection.execute(query.order_by(signal_source.c.created, signal_source.c.id))
    return [Source.model_validate(dict(row._mapping)) for row in rows]


def hear(connection: sa.Connection, source_id: str, received: int) -> Source | None:
    """Return a source that is not revoked, and note that it was heard."""
    query = sa.select(signal_source).where(signal_source.c.id == source_id, signal_source.c.revoked.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    source = Source.model_validate(dict(row._mapping))
    if (source.seen or 0) < received - _MINUTE_MS:
        connection.execute(sa.update(signal_source).where(signal_source.c.id == source_id).values(seen=received))
    return source


def set_secrets(connection: sa.Connection, source_id: str, old: Sequence[str], new: Sequence[str]) -> bool:
    """Replace a source's secrets; False where they have changed."""
    held = sa.select(signal_source.c.secrets).where(signal_source.c.id == source_id, signal_source.c.revoked.is_(None))
    found = connection.execute(held.with_for_update()).scalar_one_or_none()
    if found is None or list(found) != list(old):
        return False
    connection.execute(sa.update(signal_source).where(signal_source.c.id == source_id).values(secrets=list(new)))
    return True


def revoke(connection: sa.Connection, source_id: str) -> bool:
    """Revoke a source and forget its secrets; False if there is none."""
    query = sa.update(signal_source).where(signal_source.c.id == source_id, signal_source.c.revoked.is_(None))
    return connection.execute(query.values(revoked=now_ms(), secrets=[])).rowcount == 1
