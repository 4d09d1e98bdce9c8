"""Add up what models cost: by day, month, model, role, repository, owner, key, task or account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, tzinfo
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.periods import QUARTER_MS, find_bounds, find_day
from bot.store.tables import model_call
from bot.store.usage_spans import Span, split
from bot.store.usage_sums import DATES, EVERYWHERE, UsageKey, find_column, make_sums
from bot.store.usage_tables import usage_sum

OTHERS = "*"
"""The key of all those together that are not told one by one; nothing has it as its name."""
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_STORED: Mapping[str, sa.ColumnElement[int]] = {
    column.name: sa.func.sum(column) for column in usage_sum.c if column.name not in usage_sum.primary_key.columns
}


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
    connection: sa.Connection,
    by: UsageKey,
    whole: Span,
    repository: tuple[int, str] | None = None,
    owner: str = "",
) -> list[UsageRow]:
    """Add up the calls from one moment to before another, by no date.

    ``repository`` is an id and a name, ``owner`` whose repositories count. Sorted by key.
    """
    found = _read(connection, _Wanted(by, repository, owner=owner), whole)
    return _merge(UsageRow(*row) for _, *row in found)


def sum_paid(
    connection: sa.Connection, by: UsageKey, whole: Span, repository: tuple[int, str] | None = None
) -> dict[str, int]:
    """Add up what was paid from one moment to before another.

    ``repository`` is an id and a name. Returns micro-dollars by key.
    """
    found: Counter[str] = Counter()
    for _, key, paid in _read(connection, _Wanted(by, repository, sums=("micro_dollars",)), whole):
        found[key] += paid
    return found


def sum_days(
    connection: sa.Connection,
    by: UsageKey,
    first: date,
    last: date,
    repository: tuple[int, str] | None,
    zone: tzinfo,
    kept: Sequence[str] | None = None,
) -> dict[tuple[str, str], int]:
    """Add up what was paid on each day of a zone, by another key.

    Arguments as for :func:`sum_usage`. Of ``kept`` keys what is left of each day stands under :data:`OTHERS`. Returns
    micro-dollars by day and key.
    """
    wanted = _Wanted("" if by in DATES else by, repository, dated=True, names=kept, sums=("micro_dollars",))
    whole = Span(*find_bounds(first, last, zone))
    found: Counter[tuple[str, str]] = Counter()
    for at, name, paid in _read(connection, wanted, whole, lambda span: _is_of_a_day(span, zone)):
        found[find_day(at, zone), name] += paid
    if kept is not None:
        named = list(found.items())
        for (day, _), paid in sum_days(connection, "day", first, last, repository, zone).items():
            found[day, OTHERS] = paid
        for (day, _), paid in named:
            found[day, OTHERS] -= paid
    return {place: paid for place, paid in found.items() if paid}


class _Wanted(NamedTuple):
    """The sums that are wanted; ``dated``: by time as well.

    Of ``names`` alone where there are some, and of what an ``owner`` has where there is one.
    """

    by: str
    repository: tuple[int, str] | None
    dated: bool = False
    names: Sequence[str] | None = None
    owner: str = ""
    sums: tuple[str, ...] = UsageRow._fields[1:]


def _read(
    connection: sa.Connection, wanted: _Wanted, whole: Span, fits: Callable[[Span], bool] | None = None
) -> list[Any]:
    """Read sums where they are stored, and calls elsewhere.

    Returns rows of a moment (ms, 0 unless it is ``dated``), the key, and the sums of both.
    """
    stored, rest = split(connection, whole, fits)
    queries = [*(_query_sums(wanted, span) for span in stored), *(_query_calls(wanted, span) for span in rest)]
    rows = (row for query in queries for row in connection.execute(query).all())
    return [(int(row[0]), row[1], *map(int, row[2:])) for row in rows]


def _query_sums(wanted: _Wanted, span: Span) -> sa.Select[Any]:
    at: list[sa.ColumnElement[int]] = [usage_sum.c.start] if wanted.dated else []
    # nothing of a finished span is open
    sums = [_STORED.get(name, _ZERO) for name in wanted.sums]
    within = (usage_sum.c.kind == wanted.by, usage_sum.c.start >= span.start, usage_sum.c.start < span.ended)
    columns: list[sa.ColumnElement[Any]] = [*(at or [_ZERO]), usage_sum.c.name, *sums]
    query = sa.select(*columns).where(*within, *_is_summed_of(wanted), *_is_named(usage_sum.c.name, wanted))
    return query.group_by(*at, usage_sum.c.name)


def _query_calls(wanted: _Wanted, span: Span) -> sa.Select[Any]:
    quarter = sa.literal_column(str(QUARTER_MS), sa.Integer)
    at: list[sa.ColumnElement[int]] = [model_call.c.created // quarter * quarter] if wanted.dated else []
    key, sums = find_column(wanted.by), make_sums()
    within = (model_call.c.created >= span.start, model_call.c.created < span.ended)
    columns: list[sa.ColumnElement[Any]] = [*(at or [_ZERO]), key, *(sums[name] for name in wanted.sums)]
    query = sa.select(*columns).where(*within, *_is_called_of(wanted), *_is_named(key, wanted))
    return query.group_by(*at, *([key] if wanted.by else []))


def _is_summed_of(wanted: _Wanted) -> Sequence[sa.ColumnElement[bool]]:
    """Match the sums of the wanted repository, or those of all."""
    place = usage_sum.c.repository
    if wanted.owner:
        return usage_sum.c.repository_id != EVERYWHERE, place.startswith(f"{wanted.owner}/", autoescape=True)
    if wanted.repository is None:
        return (usage_sum.c.repository_id == EVERYWHERE,)
    return usage_sum.c.repository_id == wanted.repository[0], place == wanted.repository[1]


def _is_called_of(wanted: _Wanted) -> Sequence[sa.ColumnElement[bool]]:
    """Match the calls of the same."""
    if wanted.owner:
        return (model_call.c.owner == wanted.owner,)
    if wanted.repository is None:
        return ()
    return model_call.c.repository_id == wanted.repository[0], model_call.c.repository == wanted.repository[1]


def _is_named(key: sa.ColumnElement[str], wanted: _Wanted) -> Sequence[sa.ColumnElement[bool]]:
    return () if wanted.names is None else (key.in_(wanted.names),)


def _is_of_a_day(span: Span, zone: tzinfo) -> bool:
    return find_day(span.start, zone) == find_day(span.ended - 1, zone)


def _merge(rows: Iterable[UsageRow]) -> list[UsageRow]:
    """Add up rows of the same key, in the order of keys."""
    groups: dict[str, list[UsageRow]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    return [add_up(groups[key])._replace(key=key) for key in sorted(groups)]
