"""Fold the calls of finished days and hours into sums, by everything that reports ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.periods import find_bounds, find_day
from bot.store.tables import model_call
from bot.store.usage_spans import Span, forget_between, list_spans, lock_calls
from bot.store.usage_tables import usage_span, usage_sum

UsageKey = Literal["day", "month", "model", "role", "repository", "owner", "key", "task", "actor"]
DATES = {"day": 10, "month": 7}
"""What is added up by time, with its characters of YYYY-MM-DD."""
EVERYWHERE = -1
"""The id of a repository that stands for all of them together."""
_HOUR_MS = 3_600_000
_TOKENS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
_EMPTY: sa.ColumnElement[str] = sa.literal_column("''")  # a bound value would be two for PostgreSQL
_COLUMNS = {
    "model": model_call.c.model,
    "role": model_call.c.role,
    "repository": model_call.c.repository,
    "owner": model_call.c.owner,
    "key": model_call.c.key,
    "task": model_call.c.flow,
    "actor": model_call.c.person,
    "": _EMPTY,
}


def find_column(by: str) -> sa.ColumnElement[str]:
    """Return what calls are added up by; "" is all of them."""
    return _COLUMNS[by]


@cache
def make_sums() -> Mapping[str, sa.ColumnElement[int]]:
    """Return what is added up of calls, by the name of each sum."""
    settled, lost = model_call.c.cost.is_not(None), model_call.c.state == "lost"
    under_way = model_call.c.state == "reserved"
    one: sa.ColumnElement[int] = sa.literal_column("1")
    sums = {
        "micro_dollars": _add(settled, model_call.c.cost),
        "calls": _add(sa.and_(settled, model_call.c.input_tokens > 0), one),
        **{name: _add(settled, model_call.c[name]) for name in _TOKENS},
        "lost": _add(lost, one),
        "lost_micro_dollars": _add(lost, model_call.c.reserved),
        "refused": _add(model_call.c.state == "refused", one),
        "open": _add(under_way, one),
        "open_micro_dollars": _add(under_way, model_call.c.reserved),
    }
    return {name: column.label(name) for name, column in sums.items()}


def list_due(connection: sa.Connection, zone: tzinfo, now: int) -> list[Span]:
    """List the finished days of a zone, and hours of its newest, without sums.

    Finished is what ended an hour before ``now`` (ms): nearly all calls of it have ended too.
    """
    first = connection.scalar(sa.select(sa.func.min(model_call.c.created)))
    if first is None:
        return []
    known = set(list_spans(connection, Span(0, now)))
    # days of another zone may have lost a part of their calls: their sums are all that is left of it
    begin = max((span.ended for span in known if span.start <= first), default=0)
    finished = _list_finished(first, now - _HOUR_MS, zone)
    return [span for span in finished if span not in known and span.start >= begin]


def fold(connection: sa.Connection, span: Span) -> bool:
    """Store the sums of a span; False while one of its calls is under way."""
    lock_calls(connection)
    within = (model_call.c.created >= span.start, model_call.c.created < span.ended)
    if connection.scalar(sa.select(model_call.c.id).where(*within, model_call.c.state == "reserved").limit(1)):
        return False
    forget_between(connection, span)
    connection.execute(sa.insert(usage_span).values(start=span.start, ended=span.ended))
    sums = {name: column for name, column in make_sums().items() if name in usage_sum.c}
    for kind in _COLUMNS:
        groups = (model_call.c.repository_id, model_call.c.repository, find_column(kind))
        marks = (sa.literal(kind), sa.literal(span.start), *groups)
        rows = sa.select(*marks, *sums.values()).where(*within)
        rows = rows.group_by(*(groups if kind else groups[:2]))
        names = ("kind", "start", "repository_id", "repository", "name", *sums)
        connection.execute(sa.insert(usage_sum).from_select(names, rows))
    _fold_repositories(connection, span, tuple(sums))
    return True


def _fold_repositories(connection: sa.Connection, span: Span, names: Sequence[str]) -> None:
    """Store of a span what all repositories make together."""
    columns = (usage_sum.c.kind, usage_sum.c.start, sa.literal(EVERYWHERE), _EMPTY, usage_sum.c.name)
    rows = sa.select(*columns, *(sa.func.sum(usage_sum.c[name]) for name in names))
    rows = rows.where(usage_sum.c.start == span.start).group_by(usage_sum.c.kind, usage_sum.c.start, usage_sum.c.name)
    told = ("kind", "start", "repository_id", "repository", "name", *names)
    connection.execute(sa.insert(usage_sum).from_select(told, rows))


def forget_calls(connection: sa.Connection, before: int) -> int:
    """Delete the calls of a day that ended before a moment; count them.

    Only where their sums are stored: figures stay what they are.
    """
    lock_calls(connection)
    within = (model_call.c.created >= usage_span.c.start, model_call.c.created < usage_span.c.ended)
    old = sa.select(usage_span).where(usage_span.c.ended <= before, sa.exists().where(*within))
    span = connection.execute(old.order_by(usage_span.c.start).limit(1)).first()
    if span is None:
        return 0
    within = (model_call.c.created >= span.start, model_call.c.created < span.ended)
    return connection.execute(sa.delete(model_call).where(*within)).rowcount


def _list_finished(first: int, until: int, zone: tzinfo) -> Iterator[Span]:
    """List all days that ended by a moment, then the hours of the next one."""
    day = date.fromisoformat(find_day(first, zone))
    span = Span(*find_bounds(day, day, zone))
    while span.ended <= until:
        if span.start < span.ended:  # where the date line moved, a day is missing
            yield span
        day += timedelta(days=1)
        span = Span(*find_bounds(day, day, zone))
    for start in range(span.start, until - _HOUR_MS + 1, _HOUR_MS):
        yield Span(start, start + _HOUR_MS)


def _add(where: sa.ColumnElement[bool], column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(sa.case((where, column), else_=0)), 0)
