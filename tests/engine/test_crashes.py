"""Processes that die at any line: real ones, really killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from bot.engine.attempts import MAX_STARTS
from bot.store import tasks
from bot.store.store import Store
from tests.engine import worker
from tests.engine.harness import ended, row_of, store_task, until
from tests.support.databases import open_store
from tests.support.patience import PATIENCE

# Processes of their own, forked from one that has imported everything: starting python anew takes a second each.
# Where one living process judges another: a busy machine may delay a beat by six times this.
BUSY = 0.5
FORKS = multiprocessing.get_context("forkserver")
ONLY_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
FORKS.set_forkserver_preload(["dbos", "tests.engine.worker"])


@dataclass
class Workers:
    """Worker processes over one database and one log."""

    url: str
    folder: Path
    running: list[ForkServerProcess]

    def begin(self, heartbeat_seconds: float = 10.0) -> ForkServerProcess:
        process = FORKS.Process(target=worker.run, args=(self.url, self.folder, heartbeat_seconds))
        process.start()
        self.running.append(process)
        return process

    def hold(self, step: str) -> Path:
        path = self.folder / f"hold-{step}"
        path.touch()
        return path

    def log(self, *, of: str = "") -> list[str]:
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.rsplit(" ", 1)[0] for line in lines if of in line]

    def pids(self, text: str) -> list[int]:
        lines = (self.folder / "log").read_text().splitlines()
        return [int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{text} ")]

    async def seen(self, text: str, times: int = 1) -> None:
        async def count() -> int:
            return self.log().count(text)

        await until(count, lambda number: number >= times)


def kill(process: ForkServerProcess, how: signal.Signals = signal.SIGKILL) -> int | None:
    assert process.pid is not None
    os.kill(process.pid, how)
    return ended_with(process)


def ended_with(process: ForkServerProcess) -> int | None:
    process.join(PATIENCE)
    return process.exitcode


@pytest.fixture
def workers(database: str, tmp_path: Path) -> Iterator[Workers]:
    yield from run_workers(database, tmp_path)


@pytest.fixture
def shared(postgres: str, tmp_path: Path) -> Iterator[tuple[Workers, Store]]:
    """Several workers over one PostgreSQL."""
    for store in open_store(postgres):
        for workers in run_workers(postgres, tmp_path):
            yield workers, store


def run_workers(url: str, folder: Path) -> Iterator[Workers]:
    workers = Workers(url, folder, [])
    yield workers
    for process in workers.running:
        process.kill()
        process.join(PATIENCE)


async def test_killed_in_step_three_the_next_process_goes_on_there(workers: Workers, store: Store) -> None:
    """Also: an orphan, stored but never enqueued, is found at launch."""
    await store_task(store, "t1", "five", group="1@main")
    workers.hold("s3")
    first = workers.begin(heartbeat_seconds=0.3)
    await workers.seen("start s3")
    kill(first)
    (workers.folder / "hold-s3").unlink()
    workers.begin(heartbeat_seconds=0.3)
    row = await ended(store, "t1")
    assert (row.state, row.result["summary"]) == ("done", "StepEnd.s1 StepEnd.s2 StepEnd.s3 StepEnd.s4 StepEnd.s5")
    assert [line for line in workers.log() if line.startswith("start")] == [
        f"start {step}" for step in ("s1", "s2", "s3", "s3", "s4", "s5")
    ]
    assert [event.kind for event in await store.run(lambda c: tasks.list_events(c, "t1"))] == [
        "queued",
        "started",
        "ended",
    ]


@ONLY_SQLITE
async def test_a_step_that_always_kills_its_process_is_a_dead_letter(workers: Workers, store: Store) -> None:
    await store_task(store, "t1", "poison")
    for _ in range(MAX_STARTS):
        assert ended_with(workers.begin(heartbeat_seconds=0.3)) == -signal.SIGKILL
    workers.begin(heartbeat_seconds=0.3)
    row = await ended(store, "t1")
    assert (row.state, row.result["data"]["error"], row.active_key) == ("dead", "DeadLetter", None)
    assert row.result["summary"].startswith("The server's process ended 6 times while the step die ran")
    assert workers.log(of="start die") == ["start die"] * MAX_STARTS


@ONLY_SQLITE
async def test_a_step_that_kills_takes_no_healthy_one_with_it(workers: Workers, store: Store) -> None:
    await store_task(store, "healthy", "five")
    await store_task(store, "deadly", "poison")
    slow = workers.hold("s2")
    for times in (1, 2):
        armed = workers.hold("die")
        process = workers.begin(heartbeat_seconds=0.3)
        await workers.seen("start s2", times)
        await workers.seen("start die", times)
        armed.unlink()
        assert ended_with(process) == -signal.SIGKILL
    slow.unlink()
    while (await row_of(store, "deadly")).ended is None:
        living = workers.begin(heartbeat_seconds=0.3)
        await until(lambda: row_of(store, "deadly"), lambda row: row.ended or not living.is_alive())  # noqa: B023
    assert (await ended(store, "healthy")).state == "done"
    assert (await row_of(store, "deadly")).state == "dead"
    assert workers.log().count("start die") == MAX_STARTS
    assert workers.log().count("start s2") == 3, "it was killed twice, and not once more"


async def test_branches_come_back_with_their_own_results(workers: Workers, store: Store) -> None:
    await store_task(store, "t1", "branches")
    held = [workers.hold(step) for step in ("a2", "b2")]
    first = workers.begin(heartbeat_seconds=0.3)
    for line in ("start a2", "start b2", "end c2"):
        await workers.seen(line)
    kill(first)
    for path in held:
        path.unlink()
    workers.begin(heartbeat_seconds=0.3)
    row = await ended(store, "t1")
    assert (row.state, row.result["summary"]) == (
        "done",
        " ".join(f"{name}{n}={name}{n}" for n in (1, 2, 3) for name in "bac"),
    )
    starts = [line.removeprefix("start ") for line in workers.log() if line.startswith("start")]
    once = ["a1", "a3", "b1", "b3", "c1", "c3", "last"]
    assert sorted(step for step in starts if step != "c2") == sorted([*once, "a2", "a2", "b2", "b2"])
    assert starts.count("c2") in (1, 2), "it ended, but the process may have died before that was written"


@ONLY_SQLITE
async def test_stopping_in_order_counts_for_nothing(workers: Workers, store: Store) -> None:
    """Four deploys during one long step do not make a dead letter of it."""
    await store_task(store, "t1", "five")
    held = workers.hold("s2")
    for times in range(1, 5):
        process = workers.begin(heartbeat_seconds=0.3)
        await workers.seen("start s2", times)
        assert kill(process, signal.SIGTERM) == 0
        assert (await row_of(store, "t1")).state == "running"
    held.unlink()
    workers.begin(heartbeat_seconds=0.3)
    assert (await ended(store, "t1")).state == "done"
    assert workers.log(of="start s1") == ["start s1"]


async def test_cancel_from_another_process_stops_a_model_call(workers: Workers, store: Store) -> None:
    await store_task(store, "t1", "asks")
    workers.begin()
    await workers.seen("start long")
    assert await store.run(lambda connection: tasks.request_cancel(connection, "t1", "maria"))
    row = await ended(store, "t1")
    assert (row.state, row.result["summary"]) == ("cancelled", "maria cancelled the task.")
    assert workers.log(of="interrupted") == ["interrupted long"]


@ONLY_SQLITE
async def test_a_replay_of_120_steps_is_cheap(workers: Workers, store: Store) -> None:
    await store_task(store, "t1", "many")
    held = workers.hold("s1")
    first = workers.begin(heartbeat_seconds=0.3)
    await workers.seen("start s1")
    kill(first)
    held.unlink()
    workers.begin(heartbeat_seconds=0.3)
    await ended(store, "t1")
    assert len(workers.log(of="small")) == 120
    first_run, replay = (int(line.partition("=")[2]) for line in workers.log(of="processor-ms"))
    assert replay < first_run / 2, "remembered steps are not made again, and are read at once"


async def test_sqlite_belongs_to_one_process(sqlite: str, tmp_path: Path) -> None:
    for store in open_store(sqlite):
        for workers in run_workers(sqlite, tmp_path):
            await store_task(store, "t1", "five")
            held = workers.hold("s2")
            workers.begin()
            await workers.seen("start s2")
            assert ended_with(workers.begin()) == 3
            assert "Another process uses" in (tmp_path / "refused").read_text()
            held.unlink()
            assert (await ended(store, "t1")).state == "done"
            assert workers.log(of="start s2") == ["start s2"]


async def test_another_process_takes_over_from_a_dead_one(shared: tuple[Workers, Store]) -> None:
    workers, store = shared
    await store_task(store, "t1", "five", group="1@main")
    held = workers.hold("s3")
    first = workers.begin(heartbeat_seconds=BUSY)
    await workers.seen("start s3")
    second = workers.begin(heartbeat_seconds=BUSY)
    await workers.seen("launched", 2)
    await asyncio.sleep(7 * BUSY)
    assert workers.pids("start s3") == [first.pid], "a living process keeps its work"
    kill(first)
    held.unlink()
    assert (await ended(store, "t1")).state == "done"
    assert [workers.pids(f"start {step}") for step in ("s1", "s2", "s3", "s4", "s5")] == [
        [first.pid],
        [first.pid],
        [first.pid, second.pid],
        [second.pid],
        [second.pid],
    ]


async def test_a_process_taken_for_dead_loses_its_task_when_it_wakes(shared: tuple[Workers, Store]) -> None:
    workers, store = shared
    await store_task(store, "t1", "five", group="1@main")
    third, fourth = workers.hold("s3"), workers.hold("s4")
    zombie = workers.begin(heartbeat_seconds=BUSY)
    await workers.seen("start s3")
    os.kill(zombie.pid, signal.SIGSTOP)
    other = workers.begin(heartbeat_seconds=BUSY)
    await workers.seen("start s3", 2)
    third.unlink()
    await workers.seen("start s4")
    os.kill(zombie.pid, signal.SIGCONT)
    await workers.seen("end s3", 2)
    await asyncio.sleep(0.5)
    assert (await row_of(store, "t1")).state == "running"
    fourth.unlink()
    assert (await ended(store, "t1")).state == "done"
    assert workers.pids("end s3") == [other.pid, zombie.pid]
    assert workers.pids("start s4") == workers.pids("start s5") == [other.pid]
