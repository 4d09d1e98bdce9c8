"""Tell the processes of a server what each took of its limits, a row an exchange."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.rate_tables import shared_rate

_KEPT = 1000  # rows
_LATE = 100  # rows: whose number is smaller may be committed later


class Told(NamedTuple):
    """Row about a process: name, most, seconds and times of each limit."""

    id: int
    process: str
    taken: list[tuple[str, int, float, int]]


def exchange(connection: sa.Connection, process: str, taken: Sequence[Sequence[Any]], newest: int | None) -> list[Told]:
    """Tell what this process took; return what was told lately, oldest first.

    ``newest`` is the last id that this process knows, None at its first time. Some it may know already.
    """
    if taken:
        row = {"process": process, "taken": [list(one) for one in taken]}
        connection.execute(sa.insert(shared_rate).values(row))
    query = sa.select(shared_rate).order_by(shared_rate.c.id)
    if newest is None:
        query = query.where(shared_rate.c.id == sa.select(sa.func.max(shared_rate.c.id)).scalar_subquery())
    else:
        query = query.where(shared_rate.c.id > newest - _LATE)
        connection.execute(shared_rate.delete().where(shared_rate.c.id < newest - _KEPT))
    return [Told(*row) for row in connection.execute(query)]
