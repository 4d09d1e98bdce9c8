"""Keep the inbox: webhook deliveries that are open, done or failed.

A delivery is *open* while ``done`` is null, *done* afterwards, and *failed* where ``error`` is set as well.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import delivery
from bot.store.upsert import insert_in

_CHUNK = 400  # bound values a statement: older SQLite builds take at most 999


class Delivery(NamedTuple):
    """One webhook delivery as it came."""

    guid: str
    event: str
    payload: bytes  # the verified bytes
    wanted: bool = True  # False: no handler listens, so it is stored as done, which saves writing it twice
    received: int | None = None  # when it was stored, in ms; None: now


class DeliveryEnd(NamedTuple):
    """The end of a delivery's handling; ``error`` is None if it went well."""

    guid: str
    error: str | None


class InboxDepth(NamedTuple):
    """Numbers of open and failed deliveries; the ``oldest`` open one, in ms."""

    open: int
    oldest: int | None
    failed: int


def put(connection: sa.Connection, arrived: Sequence[Delivery], owner: str) -> set[str]:
    """Store deliveries, new ones and failed ones again; return their GUIDs."""
    now = now_ms()
    rows = {
        item.guid: {"guid": item.guid, "event": item.event, "payload": item.payload, "received": now}
        | {"done": None if item.wanted else now, "owner": owner}
        for item in reversed(arrived)
    }
    return set(connection.execute(_make_insert(connection.dialect.name), list(rows.values())).scalars())


@functools.cache
def _make_insert(dialect: str) -> sa.Executable:
    """Make the statement of :func:`put` once: running it takes less time."""
    new = insert_in(dialect, delivery)
    taken = new.on_conflict_do_update(
        index_elements=[delivery.c.guid],
        # null() and not None: a bound value here would make one execution a row of what is one for all
        set_={
            "payload": new.excluded.payload,
            "done": new.excluded.done,
            "owner": new.excluded.owner,
            "error": sa.null(),
        },
        where=delivery.c.error.is_not(None),
    )
    return taken.returning(delivery.c.guid)


def end(connection: sa.Connection, ended: Sequence[DeliveryEnd]) -> None:
    """Mark deliveries done or failed; those that went well in one statement."""
    now = now_ms()
    well = [item.guid for item in ended if item.error is None]
    if well:
        connection.execute(delivery.update().where(delivery.c.guid.in_(well)).values(done=now, error=None))
    for item in ended:
        if item.error is not None:
            connection.execute(delivery.update().where(delivery.c.guid == item.guid).values(done=now, error=item.error))


def fail(connection: sa.Connection, guid: str, error: str) -> None:
    """Mark a delivery failed, so that it is taken when it comes again."""
    done = sa.func.coalesce(delivery.c.done, now_ms())
    connection.execute(delivery.update().where(delivery.c.guid == guid).values(done=done, error=error))


def load(connection: sa.Connection, guid: str) -> Delivery | None:
    """Load one delivery with its payload."""
    row = connection.execute(
        sa.select(delivery.c.guid, delivery.c.event, delivery.c.payload, delivery.c.received).where(
            delivery.c.guid == guid
        )
    ).first()
    return None if row is None else Delivery(row.guid, row.event, row.payload, received=row.received)


def find_error(connection: sa.Connection, guid: str) -> str | None:
    """Return why a delivery failed, None where it did not."""
    return connection.execute(sa.select(delivery.c.error).where(delivery.c.guid == guid)).scalar_one_or_none()


def list_owners(connection: sa.Connection) -> set[str | None]:
    """List the processes with open deliveries, None for an earlier build's."""
    return set(connection.execute(sa.select(delivery.c.owner).distinct().where(delivery.c.done.is_(None))).scalars())


def adopt(connection: sa.Connection, owners: Collection[str | None], owner: str) -> list[str]:
    """Give the open deliveries of ``owners`` to ``owner``.

    Returns their GUIDs, oldest first. Of several processes that adopt at once, each delivery goes to one.
    """
    held = delivery.c.owner.in_([each for each in owners if each is not None])
    lost = sa.or_(held, delivery.c.owner.is_(None)) if None in owners else held
    taken = sa.update(delivery).where(delivery.c.done.is_(None), lost).values(owner=owner)
    rows = connection.execute(taken.returning(delivery.c.received, delivery.c.guid))
    return [guid for _, guid in sorted(tuple(row) for row in rows)]


def filter_known(connection: sa.Connection, guids: Iterable[str]) -> set[str]:
    """Return those of ``guids`` that are stored and have not failed."""
    wanted = list(guids)
    known: set[str] = set()
    for start in range(0, len(wanted), _CHUNK):
        chosen = delivery.c.guid.in_(wanted[start : start + _CHUNK])
        query = sa.select(delivery.c.guid).where(chosen, delivery.c.error.is_(None))
        known.update(connection.execute(query).scalars())
    return known


def measure_depth(connection: sa.Connection) -> InboxDepth:
    """Count open and failed deliveries."""
    waiting = connection.execute(
        sa.select(sa.func.count(), sa.func.min(delivery.c.received)).where(delivery.c.done.is_(None))
    ).one()
    failed = connection.execute(
        sa.select(sa.func.count()).select_from(delivery).where(delivery.c.error.is_not(None))
    ).scalar_one()
    return InboxDepth(waiting[0], waiting[1], failed)
