"""Keep what the doctor found last, and when."""

from __future__ import annotations

import sqlalchemy as sa

from bot.checkup import Line
from bot.store.database import now_ms
from bot.store.onboarding_tables import checkup
from bot.types import JsonModel

_LAST = "last"


class Checkup(JsonModel):
    """Findings of the doctor; ``ran``: milliseconds since the epoch."""

    lines: tuple[Line, ...]
    ran: int


def put(connection: sa.Connection, lines: tuple[Line, ...]) -> Checkup:
    """Store what was found now, in place of what was found before."""
    connection.execute(checkup.delete())
    new = Checkup(lines=lines, ran=now_ms())
    connection.execute(checkup.insert().values(id=_LAST, **new.model_dump(mode="json")))
    return new


def find(connection: sa.Connection) -> Checkup | None:
    """Return what was found last."""
    row = connection.execute(sa.select(checkup)).one_or_none()
    return None if row is None else Checkup.model_validate(dict(row._mapping))
