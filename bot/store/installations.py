"""Keep the App's installations and their permissions."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import installation


def list_active(connection: sa.Connection) -> list[tuple[int, str]]:
    """List the installations at work: id and account."""
    query = sa.select(installation.c.id, installation.c.account).where(installation.c.state == "active")
    return [(row.id, row.account) for row in connection.execute(query)]


def upsert(connection: sa.Connection, number: int, account: str, state: str, permissions: dict[str, str]) -> None:
    """Remember the newest state: ``active``, ``suspended`` or ``deleted``."""
    connection.execute(installation.delete().where(installation.c.id == number))
    row = {"id": number, "account": account, "state": state, "permissions": permissions, "updated": now_ms()}
    connection.execute(installation.insert().values(**row))
