"""Keep the ledger of model calls, one row for each step of a task.

A row is reserved before the model is asked and settled after; it is read before both, so that no answer is bought
twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.store import Store
from bot.store.tables import model_call

Key = tuple[str, str]
_LOCK = 0x666F7267  # any constant of ours: PostgreSQL's advisory locks share one number space
_held = sa.func.coalesce(sa.func.sum(sa.func.coalesce(model_call.c.cost, 0.0) + model_call.c.reserved), 0.0)


@dataclass(frozen=True)
class ModelCall:
    """A call that is about to be made; dollars and tokens are its worst case."""

    task: str
    step: str
    role: str
    model: str
    repository: str
    dollars: float
    input_tokens: int
    output_tokens: int
    key: str = ""  # the public id of the key that pays; "" for the server's own, of its settings


@dataclass(frozen=True)
class Ceilings:
    """Limits of a task, a repository's day, the server's day, in dollars."""

    task: float
    repository_day: float
    server_day: float
    task_tokens: int | None = None  # that a task may spend on this model


@dataclass(frozen=True)
class Shortfall:
    """A refusal: the ceiling that a call would exceed, and what is left of it."""

    limit: Literal["task", "repository_day", "server_day", "task_tokens"]
    ceiling: float
    left: float


@dataclass(frozen=True)
class Settlement:
    """The end of a call; ``final`` answers (bad ones too) are replayed."""

    dollars: float
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    seconds: float
    final: bool
    reply: dict[str, Any] | None


class Ledger:
    """The budgets and answers already bought; days are UTC."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def bought(self, task: str, step: str) -> dict[str, Any] | None:
        """Return the answer that was settled as final for this step, if any."""
        query = sa.select(model_call.c.reply).where(*_match((task, step)), model_call.c.state == "answered")
        found: dict[str, Any] | None = await self._store.run(lambda connection: connection.scalar(query))
        return found

    async def reserve(self, call: ModelCall, ceilings: Ceilings) -> Shortfall | None:
        """Reserve the worst case, in place of an earlier try's, or return a limit."""
        return await self._store.run(_reserve, call, ceilings)

    async def settle(self, task: str, step: str, end: Settlement) -> None:
        """Replace a reservation by the real cost, once; earlier tries' stay."""
        written = sa.and_(model_call.c.state != "reserved", model_call.c.seconds == end.seconds)
        change = (
            sa.update(model_call)
            .where(*_match((task, step)), sa.not_(sa.func.coalesce(written, sa.false())))
            .values(
                state="answered" if end.final else "failed",
                reserved=0.0,
                cost=sa.func.coalesce(model_call.c.cost, 0.0) + end.dollars,
                input_tokens=end.input_tokens,
                output_tokens=end.output_tokens,
                cached_tokens=end.cached_tokens,
                seconds=end.seconds,
                reply=end.reply,
            )
        )
        await self._store.run(lambda connection: connection.execute(change) and None)


def release(connection: sa.Connection, task: str) -> None:
    """Release an ended task's reservations: its calls died with it."""
    left = (model_call.c.task == task, model_call.c.state == "reserved")
    connection.execute(sa.update(model_call).where(*left).values(state="failed", reserved=0.0))


def _match(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    return model_call.c.task == key[0], model_call.c.step == key[1]


def _reserve(connection: sa.Connection, call: ModelCall, ceilings: Ceilings) -> Shortfall | None:
    if connection.dialect.name == "postgresql":
        # SQLite's BEGIN IMMEDIATE already makes "add up, then write" one act; PostgreSQL needs to be told.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    key = (call.task, call.step)
    connection.execute(sa.update(model_call).where(*_match(key)).values(reserved=0.0, state="failed"))
    day = time.strftime("%Y-%m-%d", time.gmtime())
    shortfall = _find_shortfall(connection, call, ceilings, day)
    if shortfall is None:
        _write(connection, call, day)
    return shortfall


def _find_shortfall(connection: sa.Connection, call: ModelCall, ceilings: Ceilings, day: str) -> Shortfall | None:
    today = model_call.c.day == day
    checks: list[tuple[Literal["task", "repository_day", "server_day"], float, list[sa.ColumnElement[bool]]]] = [
        ("task", ceilings.task, [model_call.c.task == call.task]),
        ("repository_day", ceilings.repository_day, [today, model_call.c.repository == call.repository]),
        ("server_day", ceilings.server_day, [today]),
    ]
    for name, ceiling, where in checks:
        left = ceiling - float(connection.scalar(sa.select(_held).where(*where)) or 0.0)
        if call.dollars > left + 1e-9:
            return Shortfall(name, ceiling, max(left, 0.0))
    if ceilings.task_tokens is None:
        return None
    used = model_call.c
    total = sa.func.sum(sa.func.coalesce(used.input_tokens, 0) + sa.func.coalesce(used.output_tokens, 0))
    others = (used.task == call.task, used.model == call.model, used.step != call.step)
    left = ceilings.task_tokens - int(connection.scalar(sa.select(total).where(*others)) or 0)
    if call.input_tokens + call.output_tokens > left:
        return Shortfall("task_tokens", ceilings.task_tokens, max(left, 0))
    return None


def _write(connection: sa.Connection, call: ModelCall, day: str) -> None:
    values: dict[str, Any] = {
        "role": call.role,
        "model": call.model,
        "state": "reserved",
        "repository": call.repository,
        "day": day,
        "reserved": call.dollars,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "key": call.key,
        "created": now_ms(),
    }
    key = (call.task, call.step)
    if connection.execute(sa.update(model_call).where(*_match(key)).values(**values)).rowcount == 0:
        connection.execute(sa.insert(model_call).values(task=call.task, step=call.step, **values))
