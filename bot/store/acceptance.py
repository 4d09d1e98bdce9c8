"""Measure what became of a repository's pull requests of ours."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from bot.store.tables import outcome


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


def count_kinds() -> list[sa.ColumnElement[int]]:
    """Return how many ended merged, edited, closed and reverted."""
    kinds = ("merged", "edited", "closed", "reverted")
    return [sa.func.sum(sa.case((outcome.c.kind == kind, 1), else_=0)) for kind in kinds]


def measure(connection: sa.Connection, repository: str) -> list[Acceptance]:
    """Count a repository's outcomes by task, those with most first."""
    query = (
        sa.select(outcome.c.flow, *count_kinds(), sa.func.min(outcome.c.at))
        .where(outcome.c.repository == repository)
        .group_by(outcome.c.flow)
    )
    found = [Acceptance(row[0], *(int(number) for number in row[1:])) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (-one.total, one.flow))
