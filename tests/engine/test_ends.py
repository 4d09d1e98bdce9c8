"""Laws of workflows on how tasks are queued, stopped and end; a test a law, on both adapters."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.engine.attempts import MAX_STARTS
from bot.engine.port import Ctx, DeadLetter, DiskFull, EngineError, Outcome, Step, StepTimeout, TaskCancelled, TaskWaits
from bot.git.errors import RemoteDown
from bot.github.api.errors import GitHubDown
from bot.store import tasks
from bot.store.starts import start_step
from bot.types import ForgehandError
from tests.engine.harness import Busy, Count, Harness, Nothing, done, ended, row_of, store_task, until
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_cancel_is_the_next_steps_result_and_the_closing_step_still_runs(harness: Harness) -> None:
    reached, count = asyncio.Event(), Count()
    seen: list[TaskCancelled] = []

    async def works() -> str:
        reached.set()
        await asyncio.sleep(0.3)
        return "finished"

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        seen.append(await ctx.step("works", works))
        try:
            await ctx.step("next", count)
        except TaskCancelled as error:
            seen.append(error)
            raise
        return done()

    task_id = await harness.begin(flow)
    await reached.wait()
    await harness.engine.cancel(task_id, "maria")
    row = await ended(harness.store, task_id)
    assert seen == ["finished", TaskCancelled("maria cancelled the task.")]
    assert (row.state, row.active_key, count.calls) == ("cancelled", None, 0)
    assert [kind for kind, _ in await harness.events(task_id)] == ["queued", "started", "cancel_requested", "ended"]


async def test_cancel_stops_model_calls_and_sandbox_runs_midway(harness: Harness) -> None:
    reached, cleaned = asyncio.Event(), asyncio.Event()

    async def model_call() -> str:
        try:
            reached.set()
            await asyncio.Event().wait()
        finally:
            cleaned.set()
        return "never"

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("ask", model_call, interruptible=True, retries=3))

    task_id = await harness.begin(flow)
    await reached.wait()
    await harness.engine.cancel(task_id, "maria")
    await asyncio.wait_for(cleaned.wait(), PATIENCE)
    row = await ended(harness.store, task_id)
    assert row.state == "cancelled"


async def test_a_cancelled_task_does_not_wait_for_its_next_retry(harness: Harness) -> None:
    started = asyncio.Event()

    async def busy() -> int:
        started.set()
        raise Busy("later", retry_after=10 * PATIENCE)

    async def retries(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("busy", busy, retries=1))

    task_id = await harness.begin(retries)
    await started.wait()
    await harness.engine.cancel(task_id, "maria")
    assert (await ended(harness.store, task_id)).state == "cancelled"


async def test_a_task_cancelled_before_it_began_ends_at_once_and_never_runs(harness: Harness) -> None:
    running, count = asyncio.Event(), Count()

    async def holds() -> None:
        await asyncio.wait_for(running.wait(), PATIENCE)

    async def first(ctx: Ctx, _: Nothing) -> Outcome:
        await ctx.step("holds", holds)
        return done()

    async def second(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("count", count))

    held = await harness.begin(first, group="1@queued")
    await until(lambda: row_of(harness.store, held), lambda row: row.state == "running")
    waiting = await harness.begin(second, group="1@queued")
    await harness.engine.cancel(waiting, "maria")
    row = await row_of(harness.store, waiting)
    assert (row.state, row.result["summary"]) == ("cancelled", "maria cancelled the task before the work began.")
    running.set()
    await ended(harness.store, held)
    assert (await harness.run(second, group="1@queued")).state == "done"
    assert (count.calls, [kind for kind, _ in await harness.events(waiting)]) == (
        1,
        ["queued", "cancel_requested", "ended"],
    )


async def test_a_step_that_takes_too_long_is_stopped(harness: Harness) -> None:
    slow, stopped = Count(seconds=30), []

    async def stubborn() -> int:
        try:
            return await slow()
        finally:
            stopped.append(True)

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        try:
            await ctx.step("stubborn", stubborn, timeout=0.05, retries=1)
        except StepTimeout as error:
            return done(error.details)
        return done("in time")

    row = await harness.run(flow)
    assert row.result["summary"] == str({"step": "stubborn", "seconds": 0.05})
    assert stopped == [True, True]


async def test_retries_are_counted_and_only_for_our_errors(harness: Harness) -> None:
    twice, always, crash = Count(fails=2), Count(fails=99), Count()

    async def crashes() -> int:
        await crash()
        raise ValueError("a bug")

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        ends: list[Any] = [await ctx.step("twice", twice, 5, retries=2)]
        for name, step in (("always", always), ("crashes", crashes)):
            try:
                await ctx.step(name, step, retries=3)
            except ForgehandError as error:
                ends.append(type(error).__name__)
        return done(ends)

    task_id = await harness.begin(flow)
    row = await ended(harness.store, task_id)
    assert row.result["summary"] == str([5, "Busy", "StepCrashed"])
    assert (twice.calls, always.calls, crash.calls) == (3, 4, 1)
    retried = [data["step"] for kind, data in await harness.events(task_id) if kind == "retry"]
    assert retried == ["twice"] * 2 + ["always"] * 3


async def test_a_full_disk_is_waited_for_a_while_and_is_no_bug(harness: Harness) -> None:
    emptied, never = Count(), Count()

    async def write(count: Count, fails: int) -> int:
        await count()
        if count.calls == 1:
            with closing(sqlite3.connect(":memory:")) as full:
                full.execute("pragma max_page_count = 1")
                full.execute("create table one (name text)")
        if count.calls <= fails:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return count.calls

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        calls = await ctx.step("emptied", write, emptied, 2)
        try:
            await ctx.step("never", write, never, 99)
        except DiskFull as error:
            return done([calls, error.message])
        return done("written")

    row = await harness.run(flow)
    words = "The server's disk is full: the step never could write no file. Free space on it, then ask again."
    assert row.result["summary"] == str([3, words])
    assert never.calls == 8


async def test_an_outage_of_others_is_waited_for_by_every_step(harness: Harness) -> None:
    down, away = Count(), Count()

    async def fetch() -> int:
        await down()
        if down.calls <= 5:
            raise RemoteDown("The git server could not be reached.")
        return down.calls

    async def ask() -> None:
        await away()
        raise GitHubDown("GitHub did not answer.")

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        calls = await ctx.step("fetch", fetch)
        try:
            await ctx.step("ask", ask, retries=2)
        except GitHubDown as error:
            return done([calls, error.message])
        return done("answered")

    row = await harness.run(flow)
    assert row.result["summary"] == str([6, "GitHub did not answer."])
    assert away.calls == 8


async def test_many_starts_without_a_checkpoint_are_a_dead_letter(harness: Harness) -> None:
    count = Count()

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("poison", count))

    name = harness.add(flow)
    for starts, state in ((MAX_STARTS - 1, "done"), (MAX_STARTS, "dead")):
        task_id = f"poisoned-{name}-{starts}"
        await store_task(harness.store, task_id, name)
        for _ in range(starts):
            await harness.store.run(lambda connection, task_id=task_id: start_step(connection, task_id, "poison"))
        await harness.engine.start(task_id, name, Nothing(), group=None)
        row = await ended(harness.store, task_id)
        assert row.state == state
    assert row.result["data"]["error"] == DeadLetter.__name__
    assert count.calls == 1


async def test_a_step_that_cancels_itself_does_not_hang_its_task(harness: Harness) -> None:
    async def cancels_itself() -> int:
        raise asyncio.CancelledError

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("self", cancels_itself))

    row = await harness.run(flow)
    assert (row.state, row.result["data"]["error"]) == ("failed", "StepCrashed")


async def test_every_end_of_a_workflow_closes_its_task(harness: Harness) -> None:
    async def raises(ctx: Ctx, _: Nothing) -> Outcome:
        raise Busy("The model is busy: try again later.")

    async def crashes(ctx: Ctx, _: Nothing) -> Outcome:
        return done([][1])

    async def lies(ctx: Ctx, _: Nothing) -> Outcome:
        return "done"  # type: ignore[return-value]

    async def tells(ctx: Ctx, _: Nothing) -> Outcome:
        return Outcome(state="unverified", summary="Please look at the plan.", data={"plan": "abc"})

    ends = {}
    for flow in (raises, crashes, lies, tells):
        row = await harness.run(flow)
        assert (row.active_key, row.ended is not None) == (None, True)
        kind, data = (await harness.events(row.id))[-1]
        assert (kind, data["state"]) == ("ended", row.state)
        ends[flow.__name__] = (row.state, row.result["summary"])
    assert ends["raises"] == ("failed", "The model is busy: try again later.")
    assert ends["crashes"] == ("failed", f"{ends['crashes'][1]}")
    assert "IndexError" in ends["crashes"][1]
    assert ends["lies"][0] == "failed"
    assert ends["tells"] == ("unverified", "Please look at the plan.")


async def test_a_task_that_waits_for_a_key_goes_on_where_it_stopped(harness: Harness) -> None:
    """What it had done is not done again, nor what it tidied up; nobody but who waits goes on."""
    before, beside, after, tidied, keys = Count(), Count(), Count(), Count(), [False]

    async def ask() -> str:
        if not keys[0]:
            raise TaskWaits("No key.", models="m", until=5.0)
        return "answered"

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        await ctx.step("before", before)
        try:
            both = await ctx.parallel({"ask": Step(ask), "beside": Step(beside, (7,))})
        finally:
            await ctx.step("tidy", tidied)
        return done(f"{both['ask']} {both['beside']} {await ctx.step('after', after, 8)}")

    task_id = await harness.begin(flow, group="7@main")
    row = await ended(harness.store, task_id)
    assert (row.state, row.active_key, row.data["details"]) == ("awaiting_key", None, {"models": "m", "until": 5.0})
    assert await harness.engine.go_on(task_id, f"key {task_id}"), "it may stop again"
    again = await until(lambda: row_of(harness.store, task_id), lambda row: row.waits)
    assert again.summary == "No key."
    keys[0] = True
    other = await harness.run(done_at_once, group="7@main")
    assert other.state == "done", "it was in nobody's way"
    assert await harness.engine.go_on(task_id, f"key {task_id}")
    row = await ended(harness.store, task_id)
    assert (row.state, row.summary) == ("done", "answered 7 8")
    assert [each.calls for each in (before, beside, after, tidied)] == [1, 1, 1, 1]
    assert not await harness.engine.go_on(task_id, f"key {task_id}"), "it has ended"


async def done_at_once(ctx: Ctx, _: Nothing) -> Outcome:
    return done()


async def test_a_group_runs_one_task_at_a_time_and_groups_run_side_by_side(harness: Harness) -> None:
    active: dict[str, int] = {"a": 0, "b": 0}
    most: dict[str, int] = {"a": 0, "b": 0, "both": 0}

    async def work(group: str) -> None:
        active[group] += 1
        most[group] = max(most[group], active[group])
        most["both"] = max(most["both"], sum(active.values()))
        await asyncio.sleep(0.3)
        active[group] -= 1

    def flow_of(group: str) -> Any:
        async def flow(ctx: Ctx, _: Nothing) -> Outcome:
            await ctx.step("work", work, group)
            return done()

        return flow

    started = [await harness.begin(flow_of(group), group=f"1@{group}") for group in "aabb"]
    for task_id in started:
        await ended(harness.store, task_id)
    assert most == {"a": 1, "b": 1, "both": 2}


async def test_a_task_is_started_once(harness: Harness) -> None:
    count = Count()

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("count", count))

    name = harness.add(flow)
    await store_task(harness.store, f"once-{name}", name)
    starts = [await harness.engine.start(f"once-{name}", name, Nothing(), group="1@once") for _ in range(3)]
    await ended(harness.store, f"once-{name}")
    starts.append(await harness.engine.start(f"once-{name}", name, Nothing(), group="1@once"))
    assert (starts, count.calls) == ([True, False, False, False], 1)


async def test_a_task_without_a_row_or_a_workflow_is_refused_in_words(harness: Harness) -> None:
    if harness.engine.__class__.__name__ == "DbosEngine":
        with pytest.raises(EngineError, match="No task nowhere"):
            await harness.engine.start("nowhere", "flow", Nothing(), group=None)
    await store_task(harness.store, "unknown-flow", "gone")
    await harness.engine.start("unknown-flow", "gone", Nothing(), group=None)
    row = await ended(harness.store, "unknown-flow")
    assert (row.state, "gone" in row.result["summary"]) == ("failed", True)


async def test_reads_for_status_are_never_blocked_by_running_tasks(harness: Harness) -> None:
    """Each step waits for one more read: a read that waited for steps would never come back."""
    reads = 0

    async def short() -> str:
        before = reads
        while reads == before:
            await asyncio.sleep(0.005)
        return "x" * 2000

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        for number in range(25):
            await ctx.step(f"step-{number}", short)
        return done()

    started = [await harness.begin(flow, group=f"1@read{number}") for number in range(4)]
    async with asyncio.timeout(PATIENCE):
        while not all([(await row_of(harness.store, task_id)).ended for task_id in started]):
            await harness.store.run(lambda connection: tasks.find(connection, 1, 1, active=True))
            reads += 1
            await asyncio.sleep(0.01)
    assert reads >= 25
