"""Add up what models cost: by day, month, model, role, repository, owner, key, task or account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, tzinfo
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.periods import QUARTER_MS, find_bounds, find_day
from bot.store.tables import model_call
from bot.store.usage_spans import Span, split
from bot.store.usage_sums import DATES, UsageKey, find_column, make_sums
from bot.store.usage_tables import usage_sum

_ZERO: sa.ColumnElement[int] = sa.literal_column("0")


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
    whole = Span(*find_bounds(first, last, zone))
    if by not in DATES:
        return sum_between(connection, by, whole, repository)
    days = _read(connection, _Wanted("", repository, dated=True), whole, lambda span: _is_of_a_day(span, zone))
    return _merge(UsageRow(find_day(at, zone)[: DATES[by]], *sums) for at, _, *sums in days)


def sum_between(
    connection: sa.Connection, by: UsageKey, whole: Span, repository: tuple[int, str] | None
) -> list[UsageRow]:
    """Add up the calls from one moment to before another, by no date.

    ``repository`` is an id and a name. Sorted by key.
    """
    found = _read(connection, _Wanted(by, repository), whole, lambda _: True)
    return _merge(UsageRow(*row) for _, *row in found)


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
    wanted = _Wanted("" if by in DATES else by, repository, dated=True, sums=("micro_dollars",))
    whole = Span(*find_bounds(first, last, zone))
    found: dict[tuple[str, str], int] = {}
    for at, key, paid in _read(connection, wanted, whole, lambda span: _is_of_a_day(span, zone)):
        if paid:
            place = (find_day(at, zone), key)
            found[place] = found.get(place, 0) + paid
    return found


class _Wanted(NamedTuple):
    """The sums that are wanted; ``dated``: by time as well."""

    by: str
    repository: tuple[int, str] | None
    dated: bool = False
    sums: tuple[str, ...] = UsageRow._fields[1:]


def _read(connection: sa.Connection, wanted: _Wanted, whole: Span, fits: Callable[[Span], bool]) -> list[Any]:
    """Read sums where they are stored, and calls elsewhere.

    Returns rows of a moment (ms, 0 unless it is ``dated``), the key, and the sums of both.
    """
    stored, rest = split(connection, whole, fits)
    queries = [*(_query_sums(wanted, span) for span in stored), *(_query_calls(wanted, span) for span in rest)]
    rows = (row for query in queries for row in connection.execute(query))
    return [(int(row[0]), row[1], *map(int, row[2:])) for row in rows]


def _query_sums(wanted: _Wanted, span: Span) -> sa.Select[Any]:
    at: list[sa.ColumnElement[int]] = [usage_sum.c.start] if wanted.dated else []
    # nothing of a finished span is open
    sums = [sa.func.sum(usage_sum.c[name]) if name in usage_sum.c else _ZERO for name in wanted.sums]
    within = (usage_sum.c.kind == wanted.by, usage_sum.c.start >= span.start, usage_sum.c.start < span.ended)
    columns: list[sa.ColumnElement[Any]] = [*(at or [_ZERO]), usage_sum.c.name, *sums]
    return sa.select(*columns).where(*within, *_is_of(usage_sum, wanted)).group_by(*at, usage_sum.c.name)


def _query_calls(wanted: _Wanted, span: Span) -> sa.Select[Any]:
    quarter = sa.literal_column(str(QUARTER_MS), sa.Integer)
    at: list[sa.ColumnElement[int]] = [model_call.c.created // quarter * quarter] if wanted.dated else []
    key, sums = find_column(wanted.by), make_sums()
    within = (model_call.c.created >= span.start, model_call.c.created < span.ended)
    columns: list[sa.ColumnElement[Any]] = [*(at or [_ZERO]), key, *(sums[name] for name in wanted.sums)]
    query = sa.select(*columns).where(*within, *_is_of(model_call, wanted))
    return query.group_by(*at, *([key] if wanted.by else []))


def _is_of(table: sa.Table, wanted: _Wanted) -> Sequence[sa.ColumnElement[bool]]:
    """Match what is for the wanted repository by its id and name."""
    if wanted.repository is None:
        return ()
    return table.c.repository_id == wanted.repository[0], table.c.repository == wanted.repository[1]


def _is_of_a_day(span: Span, zone: tzinfo) -> bool:
    return find_day(span.start, zone) == find_day(span.ended - 1, zone)


def _merge(rows: Iterable[UsageRow]) -> list[UsageRow]:
    """Add up rows of the same key, in the order of keys."""
    groups: dict[str, list[UsageRow]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    return [add_up(groups[key])._replace(key=key) for key in sorted(groups)]
