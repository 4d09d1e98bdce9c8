"""Tell which spans of time have their sums stored, and forget those in which something changes.

Spans never overlap. A call that changes takes the sums of its span away, and reports add that span up anew until it is
folded again: so they say the same with and without stored sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.usage_tables import usage_span, usage_sum

_LOCK = 0x666F7267  # any constant of ours: PostgreSQL's advisory locks share one number space


class Span(NamedTuple):
    """From one moment to before another (ms)."""

    start: int
    ended: int


def lock_calls(connection: sa.Connection) -> None:
    """Make "add up, then write" one act; SQLite's BEGIN IMMEDIATE does."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def list_spans(connection: sa.Connection, whole: Span) -> list[Span]:
    """List the spans within another one whose sums are stored, in order."""
    rows = connection.execute(sa.select(usage_span).where(*_lies_within(whole)).order_by(usage_span.c.start))
    return [Span(*row) for row in rows.all()]


def split(
    connection: sa.Connection, whole: Span, fits: Callable[[Span], bool] | None = None
) -> tuple[list[Span], list[Span]]:
    """Return what of a span has stored sums, and the rest of it.

    Stored ones that do not fit are left to the rest. Neighbours are joined.
    """
    known = _list_joined(connection, whole) if fits is None else list(filter(fits, list_spans(connection, whole)))
    stored: list[Span] = []
    for span in known:
        touches = stored and stored[-1].ended == span.start
        start = stored.pop().start if touches else span.start
        stored.append(Span(start, span.ended))
    edges = [whole.start, *(moment for span in stored for moment in span), whole.ended]
    rest = [Span(*edge) for edge in zip(edges[::2], edges[1::2], strict=True)]
    return stored, [span for span in rest if span.start < span.ended]


def _list_joined(connection: sa.Connection, whole: Span) -> list[Span]:
    """List the spans within another one, as one where they leave no gap.

    That is nearly always so, and no row is read then.
    """
    columns = (sa.func.min(usage_span.c.start), sa.func.max(usage_span.c.ended))
    length = sa.func.sum(usage_span.c.ended - usage_span.c.start)
    first, last, summed = connection.execute(sa.select(*columns, length).where(*_lies_within(whole))).one()
    if first is None:
        return []
    return [Span(first, last)] if summed == last - first else list_spans(connection, whole)


def _lies_within(whole: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return usage_span.c.start >= whole.start, usage_span.c.start < whole.ended, usage_span.c.ended <= whole.ended


def forget_around(connection: sa.Connection, moment: int) -> None:
    """Forget the sums of the span that holds a moment.

    Whoever changes a call that may be in stored sums does so, behind :func:`lock_calls`.
    """
    last = sa.select(sa.func.max(usage_span.c.start)).where(usage_span.c.start <= moment).scalar_subquery()
    _forget(connection, usage_span.c.start == last, usage_span.c.ended > moment)


def forget_between(connection: sa.Connection, whole: Span) -> None:
    """Forget the sums of every span that has a part in another one."""
    _forget(connection, usage_span.c.start < whole.ended, usage_span.c.ended > whole.start)


def _forget(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> None:
    gone = connection.execute(sa.delete(usage_span).where(*where).returning(usage_span.c.start)).scalars().all()
    if gone:
        connection.execute(sa.delete(usage_sum).where(usage_sum.c.start.in_(gone)))
