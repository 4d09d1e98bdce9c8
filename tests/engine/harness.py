"""Runs a workflow on an adapter as a task with a row, and waits for its end."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.engine.dbos import DbosEngine
from bot.engine.port import FlowSpec, FlowTable, Outcome
from bot.store import tasks
from bot.store.store import Store
from bot.store.tasks import NewTask, Task
from bot.types import ForgehandError, JsonModel
from tests.support.inline_engine import InlineEngine
from tests.support.patience import PATIENCE

_ids = itertools.count(1)


class Nothing(JsonModel):
    pass


def done(summary: Any = "") -> Outcome:
    return Outcome(state="done", summary=str(summary))


class Busy(ForgehandError):
    """Raised by steps that may be repeated."""


class Count:
    """Counts its calls; fails the first ``fails`` of them."""

    def __init__(self, fails: int = 0, seconds: float = 0.0) -> None:
        self.calls = 0
        self.fails = fails
        self.seconds = seconds

    async def __call__(self, value: int = 0) -> int:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if self.calls <= self.fails:
            raise Busy("busy", retry_after=0.01)
        return value


async def store_task(store: Store, task_id: str, flow: str = "flow", **fields: Any) -> None:
    fields = {"argument": {}, "repository": "octo/durations", "number": 1} | fields
    new = NewTask(id=task_id, flow=flow, source="label", installation=1, actor="maria", **fields)
    await store.run(lambda connection: tasks.create(connection, new))


async def row_of(store: Store, task_id: str) -> Task:
    row = await store.run(lambda connection: tasks.get(connection, task_id))
    assert row is not None
    return row


async def ended(store: Store, task_id: str) -> Task:
    return await until(lambda: row_of(store, task_id), lambda row: row.ended is not None)


async def until(read: Callable[[], Awaitable[Any]], true: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not true(value := await read()):
        assert time.monotonic() < deadline, f"still {value} after {PATIENCE} s"
        await asyncio.sleep(0.02)
    return value


@dataclass
class Harness:
    """An adapter, its store and its flows; a flow given to :meth:`begin` gets a name of its own."""

    engine: DbosEngine | InlineEngine
    store: Store
    flows: FlowTable = field(default_factory=FlowTable)

    def add(self, run: Callable[[Any, Any], Awaitable[Outcome]], argument: type[JsonModel] = Nothing) -> str:
        name = f"flow-{next(_ids)}"
        self.flows.add(FlowSpec(name, run, argument))
        return name

    async def begin(
        self,
        run: Callable[[Any, Any], Awaitable[Outcome]],
        argument: JsonModel | None = None,
        *,
        group: str | None = None,
    ) -> str:
        argument = argument or Nothing()
        name, task_id = self.add(run, type(argument)), f"task-{next(_ids)}"
        await store_task(
            self.store, task_id, name, argument=argument.model_dump(mode="json"), active_key=f"key {task_id}"
        )
        assert await self.engine.start(task_id, name, argument, group=group)
        return task_id

    async def run(
        self,
        run: Callable[[Any, Any], Awaitable[Outcome]],
        argument: JsonModel | None = None,
        *,
        group: str | None = None,
    ) -> Task:
        return await ended(self.store, await self.begin(run, argument, group=group))

    async def events(self, task_id: str) -> list[tuple[str, dict[str, Any]]]:
        rows = await self.store.run(lambda connection: tasks.list_events(connection, task_id))
        return [(event.kind, event.data) for event in rows]


@asynccontextmanager
async def launched(kind: str, store: Store) -> AsyncIterator[Harness]:
    flows = FlowTable()
    engine: DbosEngine | InlineEngine
    engine = InlineEngine(flows, store=store) if kind == "inline" else DbosEngine(store, flows, workers=8, backoff=0.01)
    await engine.launch()
    try:
        yield Harness(engine, store, flows)
    finally:
        await engine.close(drain_seconds=0.1)
