"""Run it: ``python -m bench.pages``. The last line is one JSON object.

The whole server with SQLite, 100,000 tasks and a log of 50 MB; pages are asked over HTTP by somebody who is signed in,
in turn, so a page's time is the server's and the loopback's. Webhooks are sent in rounds, with and without open streams
in turn. Processor time of a page is the server process's, which the machine's load does not change.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import aiohttp

from bench.pages.browser import time_events
from bench.pages.data import LOG_TASK, WAITING_TASK, Filling, fill
from bench.pages.streams import open_streams
from bench.webhooks.load import Round, pull_request_payload, send_all, signed
from bench.webhooks.servers import SECRET, Server, serving
from bot.doors.room.application import list_pages
from bot.doors.room.rendering import PREFIX, load_assets
from bot.doors.room.sessions import make_session
from bot.local.hosting import free_port, manifest_rights
from bot.store import sessions
from bot.store.database import create_engine
from bot.store.sessions import SeenRepository
from bot.store.store import Store
from bot.types import Actor, Repository
from simhub import AppCredentials, Hub

_COOKIE = "forgehand-session"
_DAY_MS = 86_400_000
_MISSED_SECONDS = 7  # until the server has missed every stream that was closed
_BARS = {"page_p95_ms": 50, "gzip_kb": 12, "event_s": 1, "streams": 1000, "webhook_ratio": 1.1}
_LEFT_OUT = ("/sign-in", "/health", "/setup")  # for who is not signed in, or they ask everything that there is


class Given(NamedTuple):
    """What is measured, and how much of it."""

    tasks: int
    rounds: int
    streams: int
    deliveries: int
    loads: int


class Cookies(NamedTuple):
    """Secrets of sessions: an administrator's, a person's, and those that only hold streams."""

    administrator: str
    person: str
    streams: Sequence[str]


async def measure(given: Given, folder: Path) -> dict[str, object]:
    """Fill, serve, measure."""
    async with Hub.start(folder / "hub") as hub:
        app = hub.create_app("forgehand", webhook_secret=SECRET, **manifest_rights())
        places = await _install(hub, app)
        database = folder / "data" / "forgehand.db"
        database.parent.mkdir()
        began = time.perf_counter()
        fill(database, Filling(places, tasks=given.tasks))
        print(f"{given.tasks} tasks filled in within {time.perf_counter() - began:.0f} s", flush=True)
        cookies = _sign_in(database, places, given.streams)
        port = free_port()
        settings = {
            "FORGEHAND_SANDBOX": "none",
            "FORGEHAND_API_REQUESTS_A_MINUTE": "1000000",
            "FORGEHAND_KEEP_DAYS": "400",  # nothing is old enough to be cleared away meanwhile
        }
        async with serving(hub, app, folder, port, settings) as server:
            await server.at_rest()
            pages = await _time_pages(server, cookies, _list_paths(database, places[0]), given.loads)
            event = await time_events(port, (_COOKIE, cookies.person), database, 5)
            opened, ratio = await _time_webhooks(server, cookies, given)
        weight = sum(len(gzip.compress(asset.body)) for asset in load_assets().values() if asset.name != "icon.svg")
        return {
            **pages,
            "gzip_kb": round(weight / 1000, 1),
            "event_s": None if event is None else round(event, 3),
            "streams": opened,
            "webhook_ratio": round(ratio, 2),
        }


async def _install(hub: Hub, app: AppCredentials) -> list[Repository]:
    """Return five repositories, the first of which gets most of the tasks."""
    mara = hub.create_user("mara")
    made = [hub.create_repository(f"octo/service-{number}") for number in range(5)]
    for one in made:
        hub.set_permission(one, mara.login, "admin")
    hub.install(app, "octo", made)
    number = next(iter(hub.world.installations))
    return [
        Repository(id=one.id, owner="octo", name=one.name, installation=number, default_branch=one.default_branch)
        for one in made
    ]


def _sign_in(database: Path, places: Sequence[Repository], streams: int) -> Cookies:
    store = Store(create_engine(f"sqlite:///{database}"))
    seen = [SeenRepository(repository=place, role="admin") for place in places]
    people = [Actor(login="mara", id=3), *(Actor(login=f"eye-{each}", id=100 + each) for each in range(streams // 10))]
    try:
        secrets = []
        for actor in (None, *people):
            session, secret = make_session(actor, "bench", seen if actor else ())
            fresh = session.model_copy(update={"seen_at": session.seen_at + _DAY_MS})  # GitHub is not asked again
            store.run_sync(sessions.add, fresh)
            secrets.append(secret)
        return Cookies(secrets[0], secrets[1], secrets[2:])
    finally:
        store.close()


def _list_paths(database: Path, place: Repository) -> dict[str, str]:
    """Return what is asked, by name: every page without parts, and the busiest of the others."""
    with sqlite3.connect(database) as connection:
        (guid,) = connection.execute("select guid from fh_delivery order by received desc limit 1").fetchone()
        (at, key) = connection.execute(
            "select created, id from fh_task order by created limit 1 offset (select count(*) / 3 from fh_task)"
        ).fetchone()
    plain = {page.path or "/": page.path for page in list_pages() if page.method == "GET" and "{" not in page.path}
    tasks = ("state=failed", "task=fix", "actor=dev-3", "actor=nobody", f"repository={place.full_name}&state=failed")
    more = {f"/tasks?{query}": f"/tasks?{query}" for query in tasks}
    more |= {
        "/tasks, far back": f"/tasks?cursor={at}-{key}",
        "/tasks/ID, 50 MB log": f"/tasks/{LOG_TASK}",
        "/tasks/ID, waiting": f"/tasks/{WAITING_TASK}",
        "/repositories/NAME": f"/repositories/{place.full_name}",
        "/deliveries/GUID": f"/deliveries/{guid}",
        "/deliveries, failed": "/deliveries?state=failed",
    }
    known = {**plain, **more}
    files = [path for path in plain.values() if "." in path]  # downloads of all that there is
    return {name: PREFIX + path for name, path in known.items() if not path.startswith(_LEFT_OUT) and path not in files}


async def _time_pages(server: Server, cookies: Cookies, paths: dict[str, str], loads: int) -> dict[str, object]:
    """Ask every page in turn, as the person and where that is refused as the administrator."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    burnt: defaultdict[str, float] = defaultdict(float)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for turn in range(loads + 1):
            for name, path in paths.items():
                for secret in (cookies.person, cookies.administrator):
                    before, began = server.cpu_s(), time.perf_counter()
                    url = f"http://127.0.0.1:{server.port}{path}"
                    async with session.get(
                        url, headers={"Cookie": f"{_COOKIE}={secret}"}, allow_redirects=False
                    ) as answer:
                        await answer.read()
                    if answer.status == 403:
                        continue
                    if answer.status != 200:
                        print(f"{name}: {answer.status}")
                    elif turn:  # the first one only warms up
                        taken[name].append(time.perf_counter() - began)
                        burnt[name] += server.cpu_s() - before
                    break
    worst = max(taken, key=lambda name: _find_p95(taken[name]))
    for name, times in sorted(taken.items()):
        cpu = burnt[name] / len(times) * 1000
        median, p95 = statistics.median(times) * 1000, _find_p95(times) * 1000
        print(f"{name:<44} median {median:6.1f}  p95 {p95:6.1f} ms  processor {cpu:5.1f} ms")
    every = [each for times in taken.values() for each in times]
    return {
        "page_p95_ms": round(_find_p95(taken[worst]) * 1000, 1),
        "slowest_page": worst,
        "all_pages_p95_ms": round(_find_p95(every) * 1000, 1),
        "slowest_page_processor_ms": round(max(burnt[name] / len(taken[name]) for name in taken) * 1000, 1),
        "pages": len(taken),
    }


def _find_p95(times: Sequence[float]) -> float:
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


async def _time_webhooks(server: Server, cookies: Cookies, given: Given) -> tuple[int, float]:
    """Send rounds with and without open streams, in turn; return how many were open and the ratio of the p99s."""
    alone: list[Round] = []
    beside: list[Round] = []
    held = 0
    path = f"{PREFIX}/tasks/{WAITING_TASK}/live"
    names = [f"{_COOKIE}={secret}" for secret in cookies.streams]
    await _send(server, given)
    for _ in range(given.rounds):
        alone.append(await _send(server, given))
        async with open_streams(server.port, path, names) as opened:
            held = opened
            await server.at_rest()
            beside.append(await _send(server, given))
        await asyncio.sleep(_MISSED_SECONDS)
    for name, rounds in (("alone", alone), ("beside streams", beside)):
        print(f"webhooks {name}: p99 {[round(each.quantile(0.99) * 1000, 1) for each in rounds]} ms")
    medians = [statistics.median(each.quantile(0.99) for each in rounds) for rounds in (beside, alone)]
    return held, medians[0] / medians[1]


async def _send(server: Server, given: Given) -> Round:
    await server.at_rest()
    host, body = f"127.0.0.1:{server.port}", pull_request_payload("assigned")
    return await send_all(server.port, signed(server.webhook, host, SECRET, body, given.deliveries), 20)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--deliveries", type=int, default=2000, help="a round")
    parser.add_argument("--loads", type=int, default=20, help="of each page")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        wanted = Given(given.tasks, given.rounds, given.streams, given.deliveries, given.loads)
        figures = asyncio.run(measure(wanted, Path(folder)))
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": "pages", **figures, "bars": _BARS, "load_average": load}))


if __name__ == "__main__":
    main()
