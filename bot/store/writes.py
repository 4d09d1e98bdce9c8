"""Write down every write on GitHub before it is sent, and its answer behind it."""

from __future__ import annotations

import secrets
from functools import partial

import sqlalchemy as sa
from structlog.contextvars import get_contextvars

from bot.store.database import now_ms
from bot.store.governance_tables import github_write
from bot.store.starts import RunningStep, check_owned, find_running
from bot.store.store import Store
from bot.store.upsert import insert


class WriteJournal:
    """The record of writes on GitHub, one row for each that was sent.

    A row without a status is of one whose answer nobody saw: the process died, or was cut off.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin(self, method: str, path: str, repository: int | None) -> str:
        """Store that a write is about to be sent; return its id.

        Raises :class:`StepTakenOver` where another process has started the step since that sends it.
        """
        at = now_ms()
        told = get_contextvars()
        row = {
            "id": f"{at:013d}-{secrets.token_hex(6)}",
            "at": at,
            "task": told.get("task"),
            "delivery": told.get("delivery"),
            "repository": repository,
            "method": method,
            "path": path,
        }
        await self._store.run(_put, row, find_running())
        return str(row["id"])

    async def end(self, row: str, status: int, request: str = "") -> None:
        """Store GitHub's answer: its status, and its id of the request."""
        await self._store.run(partial(_end, row=row, status=status, request=request))


def _put(connection: sa.Connection, row: dict[str, object], step: RunningStep | None) -> None:
    check_owned(connection, step)
    connection.execute(insert(connection, github_write).values(row).on_conflict_do_nothing())


def _end(connection: sa.Connection, row: str, status: int, request: str) -> None:
    values = {"status": status, "request": request, "ended": now_ms()}
    connection.execute(sa.update(github_write).where(github_write.c.id == row).values(values))
