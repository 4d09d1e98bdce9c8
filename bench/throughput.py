"""Tasks an hour with one, two and four workers, a line of thousands, and webhooks while every worker is busy.

Real processes, doors and workers apart, in front of the simulated GitHub and a scripted model. A task is `/ask` by the
API: it reads the issue and the code, asks a model twice, and nothing is posted, so that GitHub's limits on comments do
not set the pace. A worker has one place. Answers come at once (`instant`), or after ``--delay`` seconds, as those of
models do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.webhooks.load import Round, pull_request_payload, send_all, signed
from bot.doors.api.tokens import make_token
from bot.local.hosting import free_port
from bot.store import tokens, turns
from bot.store.database import create_engine, now_ms
from bot.store.store import Store
from bot.store.tables import task
from bot.store.tokens import NewToken
from bot.types import Actor
from simhub.model_formats import Json, ModelRequest
from tests.support import forks
from tests.support.api import Asker
from tests.support.databases import new_postgres, run_postgres
from tests.support.story import SECRET, Story, told

SAMPLE = Path(__file__).parents[1] / "tests" / "e2e" / "sample"
_FILE = "basket/prices.py"
_PATIENCE = 1800.0
_BUSY_WORKERS = 2
_PACE = 300.0  # webhooks a second: a million an hour


def _answers(delay: float) -> list[Json]:
    async def answer(asked: ModelRequest) -> Json:
        await asyncio.sleep(delay)
        if asked.turn:
            return {"text": f"In `{_FILE}:6`."}
        return {"tool_calls": [{"name": "read", "input": {"path": _FILE}}]}

    return [{"match": {}, "reply": answer, "reusable": True}]


@asynccontextmanager
async def town(folder: Path, url: str | None, workers: int, delay: float) -> AsyncIterator[list[Story]]:
    """Start doors and workers on PostgreSQL, or one server on SQLite."""
    folder.mkdir()
    settings = {"FORGEHAND_API_REQUESTS_A_MINUTE": "1000000", "FORGEHAND_WORKERS": "0" if url else str(workers)}
    if url:
        settings["FORGEHAND_DATABASE_URL"] = url
    async with told(folder, SAMPLE, _answers(delay), **settings) as doors:
        stories = [doors]
        try:
            for number in range(workers if url else 0):
                (folder / f"worker-{number}").mkdir()
                environment = doors.environment | {"FORGEHAND_WORKERS": "1"}
                story = replace(
                    doors,
                    root=folder / f"worker-{number}",
                    port=free_port(),
                    process=None,
                    environment=environment,
                    command="work",
                )
                await story.start_bot()
                stories.append(story)
            yield stories
        finally:
            for story in stories[1:]:
                await story.stop_bot()


def _open(story: Story) -> Store:
    given = story.environment.get("FORGEHAND_DATABASE_URL")
    return Store(create_engine(given or f"sqlite:///{story.root / 'data' / 'forgehand.db'}"))


def _make_asker(story: Story, store: Store) -> Asker:
    token = make_token()
    new = NewToken(
        hash=token.digest,
        prefix=token.prefix,
        name="bench",
        account=Actor(login=story.maintainer.login, id=story.maintainer.id),
        scopes=("read", "run"),
        expires=now_ms() + 24 * 3_600_000,
    )
    store.run_sync(lambda connection: tokens.add(connection, new))
    return Asker(story, token.text)


async def _ask(asker: Asker, issue: int, count: int) -> list[str]:
    ids = []
    for _ in range(count):
        answer = await asker.start("ask", issue, text="Where do cents get lost?", deliver="result")
        assert answer.status == 202, answer.text
        ids.append(answer.data["id"])
    return ids


async def _ended(store: Store, ids: list[str]) -> list[Any]:
    query = sa.select(task.c.created, task.c.started, task.c.ended, task.c.state).where(
        task.c.id.in_(ids), task.c.ended.is_not(None)
    )
    async with asyncio.timeout(_PATIENCE):
        while True:
            rows = store.run_sync(lambda connection: connection.execute(query).all())
            if len(rows) == len(ids):
                assert all(row.state == "done" for row in rows), rows
                return list(rows)
            await asyncio.sleep(0.1)


async def measure_rate(folder: Path, url: str | None, workers: int, delay: float, count: int) -> float:
    """Return the tasks an hour, from the first one's start to the last one's end."""
    async with town(folder, url, workers, delay) as stories:
        store = _open(stories[0])
        try:
            asker = _make_asker(stories[0], store)
            issue = await stories[0].file("Cents are lost", "They are.", label=None)
            await _ended(store, await _ask(asker, issue, workers))  # mirrors and caches are there
            rows = await _ended(store, await _ask(asker, issue, count))
        finally:
            store.close()
    return float(count * 3_600_000 / (max(row.ended for row in rows) - min(row.started for row in rows)))


def _queue(connection: sa.Connection, like: str, count: int) -> None:
    """Queue copies of a task, of a repository that is only ever waited behind."""
    row = dict(connection.execute(sa.select(task).where(task.c.id == like)).one()._mapping)
    left = {"state": "queued", "admitted": 0, "started": None, "ended": None, "result": None, "created": now_ms()}
    rows = [{**row, **left, "id": f"line-{number}", "repository": "octo/line"} for number in range(count)]
    connection.execute(sa.insert(task), rows)


async def measure_line(folder: Path, url: str, delay: float, queued: int, deliveries: int) -> dict[str, Any]:
    """Measure a task behind a line of another repository's, and webhooks while all workers are busy."""
    async with town(folder, url, _BUSY_WORKERS, delay) as stories:
        store = _open(stories[0])
        try:
            asker = _make_asker(stories[0], store)
            issue = await stories[0].file("Cents are lost", "They are.", label=None)
            (first,) = await _ended(store, alone := await _ask(asker, issue, 1))
            store.run_sync(_queue, alone[0], queued)
            await asyncio.sleep(4 * delay + 5)
            (row,) = await _ended(store, await _ask(asker, issue, 1))
            body = pull_request_payload("bench")
            host = f"127.0.0.1:{stories[0].port}"
            paced, sent = [
                await _send(stories[0].port, signed("/webhook", host, SECRET, body, deliveries), per_second)
                for per_second in (_PACE, 0.0)
            ]
            line = store.run_sync(lambda connection: len(connection.execute(turns._line_of("quick", ["ask"])).all()))
            return {
                "queued": queued,
                "still_queued": line,
                "alone_s": round((first.ended - first.created) / 1000, 2),
                "behind_line_s": round((row.ended - row.created) / 1000, 2),
                "waited_s": round((row.started - row.created) / 1000, 2),
                "doors_rss_mb": _rss_mb(stories[0]),
                "worker_rss_mb": max(_rss_mb(story) for story in stories[1:]),
                "accepted_per_s": round(sent.per_second),
                "accept_p99_ms": round(1000 * sent.quantile(0.99), 1),
                "paced_per_s": round(paced.per_second),
                "paced_p99_ms": round(1000 * paced.quantile(0.99), 1),
                "refused": sent.refused + paced.refused,
            }
        finally:
            store.close()


async def _send(port: int, requests: list[bytes], per_second: float) -> Round:
    """Send webhooks from a process of their own.

    In this one the simulated GitHub works for the workers, and would delay them.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _send_all, port, requests, per_second)


def _send_all(port: int, requests: list[bytes], per_second: float) -> Round:
    return asyncio.run(send_all(port, requests, 20, per_second))


def _rss_mb(story: Story) -> int:
    assert story.process is not None
    lines = Path(f"/proc/{story.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


async def measure(root: Path, server: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything; print each figure as it comes."""
    figures: dict[str, Any] = {}
    for name, delay in (("instant", 0.0), ("realistic", options.delay)):
        for workers in (1, 2, 4, 0):
            url = new_postgres(server) if workers else None
            where = f"postgres_{workers}" if workers else "sqlite_1"
            rate = await measure_rate(root / f"{where}-{name}", url, workers or 1, delay, options.tasks)
            figures[f"{name}_{where}_tasks_h"] = round(rate)
            print(f"{name:<10} {where:<11} {rate:8.0f} tasks/h", flush=True)
        ratio = figures[f"{name}_postgres_4_tasks_h"] / figures[f"{name}_postgres_1_tasks_h"]
        figures[f"{name}_four_to_one"] = round(ratio, 2)
    line = await measure_line(root / "line", new_postgres(server), options.delay, options.queued, options.deliveries)
    print(line, flush=True)
    return {**figures, **line, "delay_s": options.delay, "tasks": options.tasks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--tasks", type=int, default=120, help="tasks of each measurement")
    parser.add_argument("--delay", type=float, default=4.0, help="seconds before each answer of a realistic model")
    parser.add_argument("--queued", type=int, default=10_000, help="tasks in the line of one repository")
    parser.add_argument("--deliveries", type=int, default=3_000, help="webhooks sent while the workers are busy")
    parser.add_argument("--short", action="store_true", help="16 tasks, 2 s, 2,000 queued, 500 webhooks")
    options = parser.parse_args()
    if options.short:
        options.tasks, options.delay, options.queued, options.deliveries = 16, 2.0, 2_000, 500
    with tempfile.TemporaryDirectory() as folder, run_postgres() as server:
        figures = asyncio.run(measure(Path(folder), server.url, options))
    forks.close()
    print(json.dumps({**figures, "load_average": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
