"""The feed of new events: one reader for all who listen, on both databases, and none where nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import feed as feeds
from bot.store import tasks
from bot.store.database import create_engine
from bot.store.feed import Feed, Hearing
from bot.store.store import Store
from tests.support.patience import PATIENCE


@pytest.fixture
async def feed(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Feed]:
    monkeypatch.setattr(feeds, "_HEARING_SECONDS", 3600.0)  # what arrives was told of, not found
    one = Feed(store)
    yield one
    await one.close()


@pytest.fixture
def elsewhere(store: Store) -> Any:
    """Another connection's way to add an event, as another process has it."""
    other = Store(create_engine(store.engine.url.render_as_string(hide_password=False)))
    yield lambda task, kind: other.run_sync(tasks.add_event, task, kind, {"by": "another"})
    other.close()


async def hear(hearing: Hearing, count: int = 1) -> list[tuple[str, str]]:
    heard = await hearing.take(PATIENCE)
    while len(heard) < count and not hearing.over:
        heard += await hearing.take(PATIENCE)
    return [(event.task, event.kind) for event in heard]


async def test_each_hears_of_its_task_and_one_reads_for_all(store: Store, feed: Feed, elsewhere: Any) -> None:
    reads: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *given: reads.append(given[2]))
    elsewhere("a", "before")
    async with AsyncExitStack() as stack:
        several = [await stack.enter_async_context(feed.listen("a")) for _ in range(20)]
        everything = await stack.enter_async_context(feed.listen())
        begun = len(reads)
        elsewhere("b", "queued")
        elsewhere("a", "queued")
        assert [await hear(each) for each in several] == [[("a", "queued")]] * 20
        assert await hear(everything, 2) == [("b", "queued"), ("a", "queued")]
        assert len([text for text in reads[begun:] if "fh_task_event" in text]) < 10
    await asyncio.wait_for(gone(feed), PATIENCE)
    async with feed.listen("a") as again:
        elsewhere("a", "started")
        assert await hear(again) == [("a", "started")]


async def gone(feed: Feed) -> None:
    while feed.reads:
        await asyncio.sleep(0.01)


async def test_a_slow_listener_is_sent_back_and_closing_ends_all(
    feed: Feed, store: Store, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "_MOST_UNREAD", 2)
    monkeypatch.setattr(feeds, "_BATCH", 2)
    async with feed.listen("a") as slow, feed.listen() as other:
        for _ in range(3):
            elsewhere("a", "stage")
        assert await hear(other, 2)
        while not slow.over:
            await other.take(PATIENCE)
        assert len(await slow.take(0)) == 2
        async with feed.listen("a") as waiting:
            hearing = asyncio.create_task(waiting.take(PATIENCE))
            await feed.close()
            assert await hearing == []
            assert waiting.over
    async with feed.listen("a") as late:
        assert late.over


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_who_was_cut_off_from_postgresql_listens_again(store: Store, feed: Feed, elsewhere: Any) -> None:
    async with feed.listen("a") as hearing:
        elsewhere("a", "queued")
        assert await hear(hearing) == [("a", "queued")]
        ends = sa.text("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %'")
        assert store.run_sync(lambda connection: connection.execute(ends).rowcount) == 1
        elsewhere("a", "started")
        assert await hear(hearing) == [("a", "started")]
        elsewhere("a", "ended")
        assert await hear(hearing) == [("a", "ended")]
