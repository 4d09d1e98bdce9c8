"""Add up what models cost: by day, month, model, role, repository, owner, key, task or account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, tzinfo
from itertools import groupby
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from bot.store.periods import QUARTER_MS, find_bounds, find_day
from bot.store.tables import model_call, task
from bot.store.tasks import is_in

UsageKey = Literal["day", "month", "model", "role", "repository", "owner", "key", "task", "actor"]
_DATES = {"day": 10, "month": 7}  # characters of YYYY-MM-DD


class UsageRow(NamedTuple):
    """The sums of one key: micro-dollars, calls, tokens.

    ``lost`` tries died with their process; they may have cost ``lost_micro_dollars`` at most, which are no part of
    ``micro_dollars``. ``refused`` ones were asked of nobody, because a limit forbade them. ``open`` ones are under way:
    ``open_micro_dollars`` are set aside for them.
    """

    key: str
    micro_dollars: int
    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    lost: int
    lost_micro_dollars: int
    refused: int
    open: int
    open_micro_dollars: int


def add_up(rows: Iterable[UsageRow]) -> UsageRow:
    """Return the sum of rows, under the key ""."""
    sums = list(map(sum, zip(*(row[1:] for row in rows), strict=True)))
    return UsageRow("", *(sums or [0] * (len(UsageRow._fields) - 1)))


def sum_usage(
    connection: sa.Connection,
    by: UsageKey,
    first: date,
    last: date,
    repository: tuple[int, str] | None,
    zone: tzinfo,
) -> list[UsageRow]:
    """Add up the calls of the days ``first`` to ``last`` of a zone.

    ``repository`` is an id and a name. Sorted by key.
    """
    key = _keys()[by]
    start, end = find_bounds(first, last, zone)
    within = (model_call.c.created >= start, model_call.c.created < end)
    query = sa.select(key, *_sums()).select_from(_join(by, repository)).where(*within)
    if repository is not None:
        query = query.where(*_is_of(repository))
    rows = [UsageRow(str(row[0]), *map(int, row[1:])) for row in connection.execute(query.group_by(key).order_by(key))]
    return _fold(rows, _DATES[by], zone) if by in _DATES else rows


def sum_days(
    connection: sa.Connection,
    by: UsageKey,
    first: date,
    last: date,
    repository: tuple[int, str] | None,
    zone: tzinfo,
) -> dict[tuple[str, str], int]:
    """Add up what was paid on each day of a zone, by another key.

    Arguments as for :func:`sum_usage`. Returns micro-dollars by day and key.
    """
    keys = _keys()
    key = sa.literal_column("''") if by in _DATES else keys[by]
    start, end = find_bounds(first, last, zone)
    paid = sa.func.sum(model_call.c.cost)
    within = (model_call.c.created >= start, model_call.c.created < end, model_call.c.cost > 0)
    query = sa.select(keys["day"], key, paid).select_from(_join(by, repository)).where(*within)
    if repository is not None:
        query = query.where(*_is_of(repository))
    groups = (keys["day"],) if by in _DATES else (keys["day"], key)
    found: dict[tuple[str, str], int] = {}
    for quarter, name, cost in connection.execute(query.group_by(*groups)):
        place = (find_day(int(quarter) * QUARTER_MS, zone), str(name))
        found[place] = found.get(place, 0) + int(cost)
    return found


def _join(by: UsageKey, repository: tuple[int, str] | None) -> sa.FromClause:
    """Return the calls, with their tasks where only those tell."""
    told_by_task = by in ("task", "actor") or repository is not None
    return model_call.outerjoin(task, task.c.id == model_call.c.task) if told_by_task else model_call


def _is_of(repository: tuple[int, str]) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Match the calls for a repository by its name and id."""
    return model_call.c.repository == repository[1], is_in(repository[0])


def _keys() -> dict[str, sa.ColumnElement[Any]]:
    """Return what rows are grouped by; days and months by quarters of hours."""
    quarter = model_call.c.created // sa.literal_column(str(QUARTER_MS), sa.Integer)
    names = {name: model_call.c[name] for name in ("model", "role", "repository", "owner", "key")}
    told = names | {"task": task.c.flow, "actor": task.c.actor}
    empty: sa.ColumnElement[str] = sa.literal_column("''")  # a bound value would be two for PostgreSQL
    return {name: sa.func.coalesce(column, empty) for name, column in told.items()} | dict.fromkeys(_DATES, quarter)


def _sums() -> list[sa.ColumnElement[Any]]:
    settled, lost = model_call.c.cost.is_not(None), model_call.c.state == "lost"
    under_way = model_call.c.state == "reserved"
    called = sa.and_(settled, model_call.c.input_tokens > 0)
    tokens = (model_call.c[f"{kind}_tokens"] for kind in ("input", "output", "cached", "cache_write"))
    return [
        _add(settled, model_call.c.cost),
        _add(called, sa.literal_column("1")),
        *(_add(settled, column) for column in tokens),
        _add(lost, sa.literal_column("1")),
        _add(lost, model_call.c.reserved),
        _add(model_call.c.state == "refused", sa.literal_column("1")),
        _add(under_way, sa.literal_column("1")),
        _add(under_way, model_call.c.reserved),
    ]


def _add(where: sa.ColumnElement[bool], column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(sa.case((where, column), else_=0)), 0)


def _fold(quarters: Iterable[UsageRow], length: int, zone: tzinfo) -> list[UsageRow]:
    """Add quarters of hours, in their order, up to days or months of a zone."""
    dated = [row._replace(key=find_day(int(row.key) * QUARTER_MS, zone)[:length]) for row in quarters]
    groups = groupby(sorted(dated), key=lambda row: row.key)
    return [add_up(rows)._replace(key=key) for key, rows in groups]
