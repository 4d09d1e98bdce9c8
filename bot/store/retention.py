"""Delete what is stored for a time only: payloads, transcripts, and what belongs to an installation that is gone.

A task's row, its outcome and what its model calls cost stay for longer (:mod:`bot.store.records`), unless its
installation is gone; so does the audit.
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import cast

import sqlalchemy as sa

from bot.store.governance_tables import approval
from bot.store.room_tables import delegation
from bot.store.tables import (
    artifact,
    attempt,
    delivery,
    finding,
    installation,
    kept_change,
    key,
    model_call,
    outcome,
    signal_source,
    task,
    task_event,
)

# Tasks or deliveries a transaction: whoever stores a webhook waits for it.
_CHUNK = 200
_BYTES_A_TOKEN = 4
_SPARE_PAGES = 1000  # 4 MB
_PAGES_AT_ONCE = 2000  # others wait for them


def find_cutoff(connection: sa.Connection, most: int) -> int:
    """Return the moment before which payloads and transcripts exceed a size.

    ``most`` is in bytes, the moment in milliseconds; 0 where all has room. No content is read: answers count by their
    tokens.
    """
    payloads = sa.select(delivery.c.received, sa.func.length(delivery.c.payload)).order_by(delivery.c.received.desc())
    answered = sa.select(model_call.c.created, sa.func.coalesce(model_call.c.output_tokens, 0) * _BYTES_A_TOKEN)
    replies = answered.where(model_call.c.reply.is_not(sa.null())).order_by(model_call.c.created.desc())
    texts = sa.select(artifact.c.created, artifact.c.size).order_by(artifact.c.created.desc())
    left = most
    newest_first = (((row[0], row[1]) for row in connection.execute(query)) for query in (payloads, replies, texts))
    for moment, size in heapq.merge(*newest_first, key=lambda row: row[0], reverse=True):
        left -= size
        if left < 0:
            return int(moment) + 1
    return 0


def forget_payloads(connection: sa.Connection, before: int) -> int:
    """Empty some deliveries that were done before a moment; count them.

    That they were there stays known: GitHub's log still names them.
    """
    full = sa.func.length(delivery.c.payload) > 0
    old = sa.select(delivery.c.guid).where(delivery.c.done < before, full).limit(_CHUNK).scalar_subquery()
    return connection.execute(delivery.update().where(delivery.c.guid.in_(old)).values(payload=b"")).rowcount


def forget_deliveries(connection: sa.Connection, before: int) -> int:
    """Delete some deliveries that were done before a moment; count them."""
    old = sa.select(delivery.c.guid).where(delivery.c.done < before).limit(_CHUNK).scalar_subquery()
    return connection.execute(delivery.delete().where(delivery.c.guid.in_(old))).rowcount


def forget_transcripts(connection: sa.Connection, before: int, repository: str | None = None) -> int:
    """Delete what some tasks said that ended before a moment; count them.

    ``repository`` is the full name of the only one that is meant.
    """
    told = sa.exists().where(task_event.c.task == task.c.id)
    wanted = sa.select(task.c.id).where(task.c.ended < before, told)
    if repository is not None:
        wanted = wanted.where(task.c.repository == repository)
    ids = connection.execute(wanted.limit(_CHUNK)).scalars().all()
    _forget_said(connection, ids)
    return len(ids)


def shrink(connection: sa.Connection) -> bool:
    """Give some of SQLite's free pages back to the disk; False at the end.

    What deletions free is used again first, so a tenth of the file stays free.
    """
    if connection.dialect.name != "sqlite":
        return False
    pages, free = (
        connection.exec_driver_sql(f"pragma {each}").scalar_one() for each in ("page_count", "freelist_count")
    )
    if free <= max(pages // 10, _SPARE_PAGES):
        return False
    # Each page is a step of the statement, and a cursor makes only one where there are no columns.
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    driver.executescript(f"pragma incremental_vacuum({_PAGES_AT_ONCE})")
    return bool(connection.exec_driver_sql("pragma freelist_count").scalar_one() < free)


def list_gone(connection: sa.Connection) -> list[int]:
    """List the installations that were removed and are not forgotten yet."""
    return list(connection.execute(sa.select(installation.c.id).where(installation.c.state == "deleted")).scalars())


def list_repositories_of(connection: sa.Connection, number: int) -> list[str]:
    """List the repositories that an installation's tasks were about, by name."""
    query = sa.select(task.c.repository).where(task.c.installation == number).distinct()
    return sorted(connection.execute(query).scalars())


def list_tasks_of(connection: sa.Connection, number: int) -> dict[str, int]:
    """Return the tasks of an installation with the ids of their repositories."""
    rows = connection.execute(sa.select(task.c.id, task.c.argument).where(task.c.installation == number))
    return {row.id: int(row.argument["repository"]["id"]) for row in rows}


def forget_tasks(connection: sa.Connection, ids: Collection[str]) -> None:
    """Delete tasks with all that was stored of them, but for their costs."""
    _forget_said(connection, ids)
    for table in (outcome, finding, approval):
        connection.execute(table.delete().where(table.c.task.in_(ids)))
    connection.execute(task.delete().where(task.c.id.in_(ids)))


def forget_installation(connection: sa.Connection, number: int) -> None:
    """Delete a removed installation, its signal sources, keys and hand-overs."""
    gone = installation.delete().where(installation.c.id == number, installation.c.state == "deleted")
    if connection.execute(gone).rowcount:
        for table in (signal_source, key, delegation):
            connection.execute(table.delete().where(table.c.installation == number))


def forget_payloads_of(connection: sa.Connection, number: int, after: str, before: int | None = None) -> str | None:
    """Empty the deliveries of an installation among the next ones.

    They come by GUID; returns the last that was looked at, None at the end. ``before`` is the moment by which they were
    done, None for any.
    """
    done = delivery.c.done.is_not(None) if before is None else delivery.c.done < before
    full = sa.func.length(delivery.c.payload) > 0
    query = sa.select(delivery.c.guid, delivery.c.payload).where(delivery.c.guid > after, done, full)
    rows = connection.execute(query.order_by(delivery.c.guid).limit(_CHUNK)).all()
    theirs = [row.guid for row in rows if _read_installation(row.payload) == number]
    connection.execute(delivery.update().where(delivery.c.guid.in_(theirs)).values(payload=b""))
    return rows[-1].guid if rows else None


def _read_installation(payload: bytes) -> int | None:
    """Return the installation that a payload is from, if it is of any form."""
    try:
        return int(json.loads(payload)["installation"]["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _forget_said(connection: sa.Connection, ids: Iterable[str]) -> None:
    ids = list(ids)
    for table in (task_event, artifact, attempt, kept_change):
        connection.execute(table.delete().where(table.c.task.in_(ids)))
    connection.execute(model_call.update().where(model_call.c.task.in_(ids)).values(reply=sa.null()))
