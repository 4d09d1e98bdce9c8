"""Keep the ledger of model calls, one row for each try of a step of a task; money is whole micro-dollars.

A try is reserved before the model is asked and settled after. A try whose process died is *lost*: nobody knows what it
was billed, so its worst case stays counted against every limit and is told apart from what was paid. The answers are
read before asking, so that none is bought twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

import sqlalchemy as sa

from bot.store import tasks
from bot.store.database import now_ms
from bot.store.limits import Limit, Notice, count_held, find_limits, note_shares
from bot.store.starts import RunningStep, check_owned, find_running
from bot.store.store import Store
from bot.store.tables import model_call
from bot.store.tables import task as task_table
from bot.store.tasks import repository_id
from bot.store.usage_spans import forget_around, lock_calls

_PUBLIC = ("task", "repository")  # scopes whose limits are the business of whoever reads the task's comment


@dataclass(frozen=True)
class ModelCall:
    """A call that is about to be made; money and tokens are its worst case."""

    task: str
    step: str
    role: str
    model: str
    repository: str
    micro_dollars: int
    input_tokens: int
    output_tokens: int
    key: str = ""  # the public id of the key that pays; "" for the server's own, of its settings
    person: str = ""  # the login of who started the task
    prices: str = ""  # the version of the price table that the money is counted by
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def owner(self) -> str:
        """Return the organisation or person whose repository it is."""
        return self.repository.partition("/")[0]

    @property
    def names(self) -> dict[str, str]:
        """Return what limits may be about, by their scopes."""
        named = {"organisation": self.owner, "repository": self.repository, "person": self.person, "key": self.key}
        return {"instance": "", "task": self.task} | {scope: name for scope, name in named.items() if name}


@dataclass(frozen=True)
class Shortfall:
    """A refusal: what a call would exceed, and what is left of it.

    ``limit`` None: the tokens that a task may spend on one model; else both are micro-dollars.
    """

    limit: Limit | None
    ceiling: int
    left: int


@dataclass(frozen=True)
class Settlement:
    """The end of a call; ``final`` answers (bad ones too) are replayed."""

    micro_dollars: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    seconds: float
    final: bool
    reply: dict[str, Any] | None


class Ledger:
    """The budgets and answers already bought; days are those of ``zone``."""

    def __init__(self, store: Store, zone: tzinfo = UTC) -> None:
        self._store = store
        self._zone = zone

    async def bought(self, task: str, step: str) -> dict[str, Any] | None:
        """Return the answer that was settled as final for this step, if any."""
        mine = (model_call.c.task == task, model_call.c.step == step, model_call.c.state == "answered")
        query = sa.select(model_call.c.reply).where(*mine).order_by(model_call.c.created).limit(1)
        found: dict[str, Any] | None = await self._store.run(lambda connection: connection.scalar(query))
        return found

    async def check(self, call: ModelCall, limits: Sequence[Limit]) -> Shortfall | None:
        """Return which limit a call would exceed; nothing is written."""
        return await self._store.run(_check, call, limits, self._zone)

    async def reserve(
        self, call: ModelCall, limits: Sequence[Limit], task_tokens: int | None = None
    ) -> Shortfall | None:
        """Reserve the worst case below all limits, or return what it exceeds.

        ``limits`` hold beside those in the table; ``task_tokens`` is what the task may spend on this model. Raises
        :class:`StepTakenOver` where another process has started the step since.
        """
        return await self._store.run(_reserve, call, limits, task_tokens, self._zone, find_running())

    async def settle(self, call: ModelCall, end: Settlement, limits: Sequence[Limit] = ()) -> list[Notice]:
        """Replace a reservation by the real cost, once.

        Returns the notices about soft limits; a notice about the task or its repository is in the task's story.
        """
        return await self._store.run(_settle, call, end, limits, self._zone)


def release(connection: sa.Connection, task: str) -> None:
    """Give an ended task's open tries up: they died with it."""
    _lose(connection, model_call.c.task == task)


def release_orphans(connection: sa.Connection, before: int) -> int:
    """Give up the open tries of no task that began before a moment (ms).

    Those are tests of keys and models whose process died. Returns how many they were.
    """
    no_task = ~sa.exists().where(task_table.c.id == model_call.c.task)
    return _lose(connection, model_call.c.created < before, no_task)


def _lose(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> int:
    query = sa.update(model_call).where(*where, model_call.c.state == "reserved").values(state="lost")
    return connection.execute(query).rowcount


def _reserve(
    connection: sa.Connection,
    call: ModelCall,
    given: Sequence[Limit],
    task_tokens: int | None,
    zone: tzinfo,
    step: RunningStep | None,
) -> Shortfall | None:
    lock_calls(connection)
    check_owned(connection, step)
    same = (model_call.c.task == call.task, model_call.c.step == call.step)
    if connection.scalar(sa.select(model_call.c.id).where(model_call.c.id == call.id)):
        return None  # written, but the answer of the commit was lost
    _lose(connection, *same)
    refused = sa.delete(model_call).where(*same, model_call.c.state == "refused").returning(model_call.c.created)
    for created in connection.execute(refused).scalars().all():
        forget_around(connection, created)
    shortfall = _find_shortfall(connection, call, find_limits(connection, call.names, given), zone)
    if shortfall is None and task_tokens is not None:
        shortfall = _find_token_shortfall(connection, call, task_tokens)
    _write(connection, call, refused=shortfall is not None)
    return shortfall


def _check(connection: sa.Connection, call: ModelCall, given: Sequence[Limit], zone: tzinfo) -> Shortfall | None:
    return _find_shortfall(connection, call, find_limits(connection, call.names, given), zone)


def _find_shortfall(
    connection: sa.Connection, call: ModelCall, limits: Sequence[Limit], zone: tzinfo
) -> Shortfall | None:
    for limit in limits:
        if limit.strength == "hard":
            left = limit.ceiling - count_held(connection, limit, zone)
            if call.micro_dollars > left:
                return Shortfall(limit, limit.ceiling, max(left, 0))
    return None


def _find_token_shortfall(connection: sa.Connection, call: ModelCall, most: int) -> Shortfall | None:
    used = model_call.c
    total = sa.func.sum(sa.func.coalesce(used.input_tokens, 0) + sa.func.coalesce(used.output_tokens, 0))
    mine = (used.task == call.task, used.model == call.model, used.state != "refused")
    left = most - int(connection.scalar(sa.select(total).where(*mine)) or 0)
    short = call.input_tokens + call.output_tokens > left
    return Shortfall(None, most, max(left, 0)) if short else None


def _write(connection: sa.Connection, call: ModelCall, *, refused: bool) -> None:
    now = now_ms()
    mine = task_table.c.id == call.task
    row = {
        "id": call.id,
        "task": call.task,
        "step": call.step,
        "role": call.role,
        "model": call.model,
        "state": "refused" if refused else "reserved",
        "repository": call.repository,
        "owner": call.owner,
        "person": call.person,
        "key": call.key,
        "prices": call.prices,
        "reserved": 0 if refused else call.micro_dollars,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "created": now,
        "flow": _tell(sa.select(task_table.c.flow).where(mine), ""),
        "repository_id": _tell(sa.select(repository_id).where(mine), 0),
    }
    connection.execute(sa.insert(model_call).values(**row))
    forget_around(connection, now)


def _tell(query: sa.Select[Any], missing: str | int) -> sa.ColumnElement[Any]:
    """Return what its task says of a call, or that there is none."""
    return sa.func.coalesce(query.scalar_subquery(), missing)


def _settle(
    connection: sa.Connection, call: ModelCall, end: Settlement, given: Sequence[Limit], zone: tzinfo
) -> list[Notice]:
    soft = [limit for limit in find_limits(connection, call.names, given) if limit.strength == "soft"]
    if soft:
        lock_calls(connection)  # of two settlements that together reach a share, one must see both
    values = {
        "state": "answered" if end.final else "failed",
        "reserved": 0,
        "cost": end.micro_dollars,
        "input_tokens": end.input_tokens,
        "output_tokens": end.output_tokens,
        "cached_tokens": end.cached_tokens,
        "cache_write_tokens": end.cache_write_tokens,
        "seconds": end.seconds,
        "reply": end.reply,
    }
    if not _end(connection, call, values):
        return []
    told = note_shares(connection, soft, zone)
    for notice in told:
        if notice.limit.scope in _PUBLIC:
            tasks.add_event(connection, call.task, "budget", {"text": str(notice)})
    return told


def _end(connection: sa.Connection, call: ModelCall, values: dict[str, Any]) -> bool:
    """Write down how a call ended; False where that is known."""
    query = sa.update(model_call).where(model_call.c.id == call.id).values(**values)
    if connection.execute(query.where(model_call.c.state == "reserved")).rowcount:
        return True
    lock_calls(connection)
    late = query.where(model_call.c.state == "lost").returning(model_call.c.created)
    created = connection.execute(late).scalar()
    if created is not None:  # given up as lost it may be in stored sums
        forget_around(connection, created)
    return created is not None
