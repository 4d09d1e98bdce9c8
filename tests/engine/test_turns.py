"""Repositories take turns at the real engine, and what is quick waits for nobody."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.engine.dbos import DbosEngine
from bot.engine.port import Ctx, FlowSpec, FlowTable, Outcome
from bot.store import tasks, turns
from bot.store.store import Store
from bot.store.tasks import NewTask
from tests.engine.harness import Nothing, done, ended, store_task, until

MANY = 300


def queue_many(connection: sa.Connection) -> None:
    for number in range(MANY):
        new = NewTask(
            id=f"many-{number}", flow="long", source="label", installation=1, actor="mara", argument={},
            repository="octo/many", number=number,
        )  # fmt: skip
        tasks.create(connection, new)
        turns.line_up(connection, new.id)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_long_line_of_one_repository_is_not_before_anothers_first_task(store: Store) -> None:
    begun: list[str] = []
    going_on = asyncio.Semaphore(0)

    async def wait_long() -> None:
        await going_on.acquire()

    async def long(ctx: Ctx, _: Nothing) -> Outcome:
        begun.append(ctx.task_id)
        await ctx.step("wait", wait_long)
        return done()

    async def quick(_ctx: Ctx, _: Nothing) -> Outcome:
        return done()

    async def has_begun() -> int:
        return len(begun)

    flows = FlowTable()
    flows.add(FlowSpec("long", long, Nothing))
    flows.add(FlowSpec("quick", quick, Nothing, quick=True))
    engine = DbosEngine(store, flows, workers=2)
    store.run_sync(queue_many)
    await engine.launch()
    try:
        await until(has_begun, lambda count: count == 2)
        await store_task(store, "other", "long", repository="octo/other")
        await store_task(store, "short", "quick", repository="octo/many")
        assert await engine.start("other", "long", Nothing(), group=None)
        assert await engine.start("short", "quick", Nothing(), group=None)
        assert (await ended(store, "short")).state == "done"
        assert store.run_sync(turns.count_before, f"many-{MANY - 1}", ["quick"]) == MANY - 2
        going_on.release()
        await until(has_begun, lambda count: count == 3)
        assert begun[2] == "other"
    finally:
        await engine.close(drain_seconds=0.1)
