"""Measure what came of what was paid: ends of pull requests by task, of findings by rule."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.acceptance import count_ends
from bot.store.periods import find_bounds
from bot.store.tables import finding, outcome, task
from bot.store.tasks import is_in
from bot.store.usage import sum_paid
from bot.store.usage_spans import Span


class TaskEnds(NamedTuple):
    """The ends of a type of task's pull requests, and its cost."""

    task: str
    merged: int
    edited: int
    closed: int
    reverted: int
    micro_dollars: int

    @property
    def a_merge(self) -> int | None:
        """Return the micro-dollars that a merged pull request cost."""
        merges = self.merged + self.edited
        return self.micro_dollars // merges if merges else None


class RuleEnds(NamedTuple):
    """The ends of a rule's findings."""

    rule: str
    fixed: int
    ignored: int
    disputed: int
    open: int

    @property
    def accepted(self) -> float | None:
        """Return the share that was fixed of what ended."""
        ended = self.fixed + self.ignored + self.disputed
        return self.fixed / ended if ended else None


def measure(
    connection: sa.Connection, first: date, last: date, repository: tuple[int, str] | None, zone: tzinfo
) -> tuple[list[TaskEnds], list[RuleEnds]]:
    """Measure the days ``first`` to ``last`` of a zone.

    ``repository`` is an id and a name. Tasks with most merges and rules with most findings come first.
    """
    bounds = find_bounds(first, last, zone)
    return measure_tasks(connection, bounds, repository), _measure_rules(connection, bounds, repository)


def measure_tasks(
    connection: sa.Connection, bounds: tuple[int, int], repository: tuple[int, str] | None = None
) -> list[TaskEnds]:
    """Measure the tasks from one moment to before another (ms)."""
    where = [outcome.c.at >= bounds[0], outcome.c.at < bounds[1]]
    if repository is not None:
        where += [outcome.c.repository == repository[1], outcome.c.repository_id == repository[0]]
    costs = sum_paid(connection, "task", Span(*bounds), repository)
    found = [TaskEnds(*one[:5], costs.get(one.flow, 0)) for one in count_ends(connection, *where)]
    return sorted(found, key=lambda one: (-one.merged - one.edited, one.task))


def _measure_rules(
    connection: sa.Connection, bounds: tuple[int, int], repository: tuple[int, str] | None
) -> list[RuleEnds]:
    states = (("fixed",), ("ignored",), ("disputed",), ("open", "folded"))
    counts = [sa.func.sum(sa.case((finding.c.state.in_(some), 1), else_=0)) for some in states]
    query = sa.select(finding.c.rule, *counts).where(finding.c.updated >= bounds[0], finding.c.updated < bounds[1])
    if repository is not None:
        mine = sa.exists().where(task.c.id == finding.c.task, is_in(repository[0]))
        query = query.where(finding.c.repository.in_([str(repository[0]), repository[1]]), mine)
    found = [RuleEnds(row[0], *map(int, row[1:])) for row in connection.execute(query.group_by(finding.c.rule))]
    return sorted(found, key=lambda one: (-sum(one[1:]), one.rule))
