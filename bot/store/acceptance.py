"""Measure what became of a repository's pull requests of ours."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from bot.store.tables import outcome

_COUNTED = ("merged", "edited", "closed", "reverted", "first")


class Acceptance(NamedTuple):
    """The ends of one task's pull requests; ``first`` in milliseconds."""

    flow: str
    merged: int
    edited: int
    closed: int
    reverted: int
    first: int

    @property
    def total(self) -> int:
        """Return how many ended."""
        return self.merged + self.edited + self.closed + self.reverted


def count_ends(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Acceptance]:
    """Count outcomes by task."""
    # an index has them in this order, so nothing is sorted
    query = sa.select(outcome.c.flow, outcome.c.kind, sa.func.count(), sa.func.min(outcome.c.at)).where(*where)
    found: dict[str, dict[str, int]] = {}
    for flow, kind, number, first in connection.execute(query.group_by(outcome.c.flow, outcome.c.kind)):
        ends = found.setdefault(flow, {"first": int(first)})
        ends |= {kind: int(number), "first": min(ends["first"], int(first))}
    return [Acceptance(flow, *(ends.get(name, 0) for name in _COUNTED)) for flow, ends in found.items()]


def measure(connection: sa.Connection, repository: str) -> list[Acceptance]:
    """Count a repository's outcomes by task, those with most first."""
    found = count_ends(connection, outcome.c.repository == repository)
    return sorted(found, key=lambda one: (-one.total, one.flow))
