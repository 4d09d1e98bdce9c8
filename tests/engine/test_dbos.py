"""The durable adapter alone: resuming, housekeeping, a lost database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from bot.engine import dbos_setup
from bot.engine.dbos import DbosEngine
from bot.engine.port import Ctx, EngineError, FlowSpec, FlowTable, Outcome, Step, TaskWaits
from bot.engine.records import StoreRecords
from bot.store.database import create_engine
from bot.store.store import Store
from bot.store.tables import task
from bot.types import ForgehandError, JsonModel
from tests.engine.harness import Count, Nothing, done, ended, row_of, store_task, until
from tests.support.databases import PostgresServer, open_store
from tests.support.patience import PATIENCE


class Part(JsonModel):
    number: int
    words: frozenset[str]


class Declined(ForgehandError):
    """Something a step refuses."""


async def part(number: int) -> Part:
    return Part(number=number, words=frozenset({"a", "b"}))


async def refuse() -> Part:
    raise Declined("no", number=7)


@asynccontextmanager
async def engine_with(store: Store, flow: Any, **options: Any) -> AsyncIterator[DbosEngine]:
    flows = FlowTable()
    flows.add(FlowSpec("flow", flow, Nothing))
    engine = DbosEngine(store, flows, **options)
    await engine.launch()
    try:
        yield engine
    finally:
        await engine.close(drain_seconds=0)


class Story:
    """A flow that notes every value it sees, run by run, and stops in its last step until let on."""

    def __init__(self, last: str = "last") -> None:
        self.runs: list[list[Any]] = []
        self.reached = asyncio.Event()
        self.let_on = asyncio.Event()
        self.last = last

    async def hold(self) -> str:
        self.reached.set()
        await self.let_on.wait()
        return "let on"

    async def __call__(self, ctx: Ctx, _: Nothing) -> Outcome:
        seen: list[Any] = []
        self.runs.append(seen)
        seen.append(await ctx.step("one", part, 1))
        seen.append(await ctx.parallel({f"p{number}": Step(part, (number,)) for number in range(3)}))
        try:
            await ctx.step("refuse", refuse)
        except Declined as error:
            seen.append(error)
        seen.append(await ctx.step(self.last, self.hold))
        return done(len(seen))


@pytest.fixture
async def begun(store: Store) -> tuple[Store, Story]:
    """A store with a task that an earlier engine left in its last step."""
    story = Story()
    await store_task(store, "t1")
    async with engine_with(store, story) as engine:
        assert not await engine.start("t1", "flow", Nothing(), group=None), "the orphan was adopted at launch"
        await asyncio.wait_for(story.reached.wait(), PATIENCE)
    assert (await row_of(store, "t1")).state == "running"
    return store, story


async def test_a_replay_sees_exactly_what_the_first_run_saw(begun: tuple[Store, Story]) -> None:
    store, story = begun
    story.let_on.set()
    async with engine_with(store, story, heartbeat_seconds=0.2):
        assert (await ended(store, "t1")).result["summary"] == "4"
    first, second = story.runs
    assert second == [*first, "let on"]
    assert [type(value) for value in second] == [Part, dict, Declined, str]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_changed_shape_ends_the_task_in_words(begun: tuple[Store, Story]) -> None:
    store, _ = begun

    async def other_shape(ctx: Ctx, _: Nothing) -> Outcome:
        await ctx.step("another name", part, 1)
        return done()

    async with engine_with(store, other_shape):
        row = await ended(store, "t1")
    assert (row.state, row.result["data"]["error"]) == ("failed", "WorkflowError")
    assert "another name" in row.result["summary"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_finished_long_ago_is_forgotten_and_what_was_lost_is_ended(store: Store) -> None:
    async def short(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("part", part, 1))

    async def workflows() -> int:
        count = sa.text("select count(*) from workflow_status")
        return await store.run(lambda connection: connection.execute(count).scalar_one())

    def reopen(connection: sa.Connection) -> None:
        connection.execute(sa.update(task).where(task.c.id == "t1").values(state="running", ended=None, result=None))

    await store_task(store, "t1")
    async with engine_with(store, short):
        assert (await ended(store, "t1")).state == "done"
        await until(workflows, lambda count: count == 1)
    await store.run(reopen)
    async with engine_with(store, short, keep_days=0) as engine:
        row = await row_of(store, "t1")
        assert (row.state, "lost" in row.result["summary"]) == ("failed", True)
        await until(workflows, lambda count: count == 0)
        assert not await engine.start("t1", "flow", Nothing(), group=None), "forgotten is not startable again"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_is_forgotten_by_name_leaves_the_others(store: Store) -> None:
    async def short(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("part", part, 1))

    async def recorded() -> set[str]:
        query = sa.text("select workflow_uuid from operation_outputs")
        return await store.run(lambda connection: set(connection.execute(query).scalars()))

    async with engine_with(store, short) as engine:
        for task_id in ("t1", "t2"):
            await store_task(store, task_id)
            await engine.start(task_id, "flow", Nothing(), group=None)
            await ended(store, task_id)
        await until(recorded, lambda ids: ids == {"t1", "t2"})
        await engine.forget(["t1"])
        assert await recorded() == {"t2"}


async def test_queued_tasks_are_taken_without_being_asked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a group waits for the other's end; no queue is looked at by time alone."""
    monkeypatch.setattr(dbos_setup, "QUEUE_SECONDS", 100 * PATIENCE)
    story = Story()
    async with engine_with(store, story, heartbeat_seconds=100 * PATIENCE) as engine:
        for task_id in ("t1", "t2"):
            await store_task(store, task_id)
            assert await engine.start(task_id, "flow", Nothing(), group="1@main")
        await asyncio.wait_for(story.reached.wait(), PATIENCE)
        story.let_on.set()
        for task_id in ("t1", "t2"):
            assert (await ended(store, task_id)).state == "done"


async def test_a_run_that_broke_off_is_taken_up_again_by_the_same_process(store: Store) -> None:
    """Whatever broke it: its workflow counts as running, but nobody runs it."""
    story = Story()
    await store_task(store, "t1")
    async with engine_with(store, story, heartbeat_seconds=0.1) as engine:
        await asyncio.wait_for(story.reached.wait(), PATIENCE)
        story.reached.clear()
        (run,) = engine._running
        run.cancel()
        await asyncio.wait_for(story.reached.wait(), PATIENCE)
        story.let_on.set()
        assert (await ended(store, "t1")).state == "done"
    first, second = story.runs
    assert second == [*first, "let on"]


async def test_what_waits_for_a_key_goes_on_in_another_process(store: Store) -> None:
    """Also where the first died before it had put it away, and where nothing is left of it but its row."""
    before, keys = Count(), [False]

    async def ask() -> str:
        if not keys[0]:
            raise TaskWaits("No key.", models="m")
        return "answered"

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        await ctx.step("before", before)
        return done(await ctx.step("ask", ask))

    async with engine_with(store, flow) as engine:
        for task_id in ("t1", "t2", "t3"):
            await store_task(store, task_id)
            await engine.start(task_id, "flow", Nothing(), group=None)
            assert (await ended(store, task_id)).state == "awaiting_key"
    table = "dbos.workflow_status" if store.engine.dialect.name == "postgresql" else "workflow_status"
    died = sa.text(f"update {table} set status = 'PENDING', queue_name = 'forgehand-free' where workflow_uuid = 't1'")
    await store.run(lambda connection: connection.execute(died))
    keys[0] = True
    async with engine_with(store, flow, heartbeat_seconds=0.1) as engine:
        await engine.forget(["t2"])
        for task_id, calls in {"t1": 3, "t2": 4, "t3": 4}.items():
            assert await engine.go_on(task_id, None)
            assert (await ended(store, task_id)).summary == "answered"
            assert before.calls == calls, "what was done is not done again, while it is known"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_task_that_was_stored_but_never_enqueued_is_found_without_a_restart(store: Store) -> None:
    story = Story()
    story.let_on.set()
    async with engine_with(store, story, heartbeat_seconds=0.1):
        await store_task(store, "t1")
        assert (await ended(store, "t1")).state == "done"


async def test_no_step_begins_while_an_engine_closes(store: Store) -> None:
    story, later = Story(), Count()

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        await ctx.step("hold", story.hold)
        return done(await ctx.step("later", later, 7))

    await store_task(store, "t1")
    async with engine_with(store, flow) as engine:
        await asyncio.wait_for(story.reached.wait(), PATIENCE)
        closing = asyncio.create_task(engine.close(drain_seconds=PATIENCE))
        await asyncio.sleep(0)
        story.let_on.set()
        await closing
        assert later.calls == 0
    story.reached.clear()
    async with engine_with(store, flow, heartbeat_seconds=0.2):
        assert (await ended(store, "t1")).result["summary"] == "7"
    assert not story.reached.is_set(), "what a step had done when the engine closed is remembered"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_one_engine_a_process(store: Store) -> None:
    second = DbosEngine(store, FlowTable())
    async with engine_with(store, Story()) as engine:
        with pytest.raises(EngineError, match="has already launched an engine"):
            await second.launch()
        assert (engine.alive, second.alive) == (True, False)
    assert not engine.alive


async def test_a_launch_that_failed_leaves_the_process_ready_for_another(sqlite: str) -> None:
    nowhere = Store(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere"))
    with pytest.raises(sa.exc.OperationalError):
        await DbosEngine(nowhere, FlowTable()).launch()
    nowhere.close()
    for store in open_store(sqlite):
        story = Story()
        story.let_on.set()
        await store_task(store, "t1")
        async with engine_with(store, story):
            assert (await ended(store, "t1")).state == "done"


async def test_a_database_that_goes_away_for_a_moment_fails_no_task(postgres: str, postgres_server: str) -> None:
    for store in open_store(postgres):
        story = Story()
        await store_task(store, "t1")
        async with engine_with(store, story, heartbeat_seconds=0.3):
            await asyncio.wait_for(story.reached.wait(), PATIENCE)
            refuse_connections(postgres_server, store, refuse=True)
            story.let_on.set()
            waiting = asyncio.create_task(StoreRecords(store).find_stop("t1"))
            await asyncio.sleep(0.3)
            assert not waiting.done()
            refuse_connections(postgres_server, store, refuse=False)
            assert await waiting is None
            assert (await ended(store, "t1")).state == "done"


async def test_a_server_that_is_gone_for_a_moment_fails_no_task(
    postgres: str, postgres_program: PostgresServer
) -> None:
    """Not even its socket is there, which the driver tells in other words."""
    for store in open_store(postgres):
        story = Story()
        await store_task(store, "t1")
        async with engine_with(store, story, heartbeat_seconds=0.3):
            await asyncio.wait_for(story.reached.wait(), PATIENCE)
            postgres_program.stop()
            try:
                story.let_on.set()
                waiting = asyncio.create_task(StoreRecords(store).find_stop("t1"))
                await asyncio.sleep(0.3)
                assert not waiting.done()
            finally:
                postgres_program.start()
            assert await waiting is None
            assert (await ended(store, "t1")).state == "done"


async def test_an_engine_whose_database_is_gone_is_closed(postgres: str, postgres_program: PostgresServer) -> None:
    for store in open_store(postgres):
        story = Story()
        await store_task(store, "t1")
        try:
            async with engine_with(store, story):
                await asyncio.wait_for(story.reached.wait(), PATIENCE)
                postgres_program.stop()
        finally:
            postgres_program.start()
        story.let_on.set()
        async with engine_with(store, story, heartbeat_seconds=0.3):
            assert (await ended(store, "t1")).state == "done"


def refuse_connections(server: str, store: Store, *, refuse: bool) -> None:
    """The database ends every connection and takes no new one, as when its server restarts."""
    name = store.engine.url.database
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"alter database {name} allow_connections {str(not refuse).lower()}"))
        end = sa.text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name")
        if refuse:
            connection.execute(end, {"name": name})


async def test_who_listens_hears_at_once_of_what_is_queued(store: Store) -> None:
    story = Story()
    story.let_on.set()
    async with engine_with(store, story) as engine:
        listening = asyncio.create_task(engine.listen(10 * PATIENCE))
        await store_task(store, "task")
        assert await engine.start("task", "flow", Nothing(), group=None)
        await asyncio.wait_for(listening, PATIENCE)
        await engine.listen(0)
