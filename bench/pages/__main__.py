"""Run it: ``python -m bench.pages``. The last line is one JSON object.

The whole server with SQLite, 100,000 tasks and a log of 50 MB; pages are asked over HTTP by somebody who is signed in
and by an administrator, in turn, so a page's time is the server's and the loopback's. Webhooks are sent in pairs of
rounds, with and without open streams. Processor time is the server process's, which the machine's load hardly changes.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import math
import os
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_args

import aiohttp

from bench.pages.browser import time_events
from bench.pages.data import DAYS, LOG_TASK, WAITING_TASK, Filling, fill
from bench.pages.streams import open_streams
from bench.webhooks.load import pull_request_payload, send_all, signed
from bench.webhooks.servers import SECRET, Server, serving
from bot.doors.room.application import list_pages
from bot.doors.room.rendering import PREFIX, load_assets
from bot.doors.room.sessions import make_session
from bot.local.hosting import free_port, manifest_rights
from bot.store import sessions, usage_sums
from bot.store.database import create_engine, now_ms
from bot.store.sessions import SeenRepository
from bot.store.store import Store
from bot.store.usage_sums import UsageKey
from bot.types import Actor, Repository
from simhub import AppCredentials, Hub

_COOKIE = "forgehand-session"
_DAY_MS = 86_400_000
_MISSED_SECONDS = 7  # until the server has missed every stream that was closed
_BARS = {"page_p95_ms": 50, "gzip_kb": 12, "event_s": 1, "streams": 1000, "webhook_ratio": 1.1}
_LEFT_OUT = ("/sign-in", "/health", "/setup", "/live")  # for who is not signed in, slow by their nature, or a stream


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
        mara = hub.create_user("mara")
        places = await _install(hub, app, mara.login)
        database = folder / "data" / "forgehand.db"
        database.parent.mkdir()
        began = time.perf_counter()
        fill(database, Filling(places, tasks=given.tasks))
        print(f"{given.tasks} tasks filled in within {time.perf_counter() - began:.0f} s", flush=True)
        cookies = _sign_in(database, Actor(login=mara.login, id=mara.id), places, given.streams)
        port = free_port()
        settings = {
            "FORGEHAND_SANDBOX": "none",
            "FORGEHAND_API_REQUESTS_A_MINUTE": "1000000",
            "FORGEHAND_KEEP_DAYS": "400",  # nothing is old enough to be cleared away meanwhile
        }
        async with serving(hub, app, folder, port, settings) as server:
            await server.at_rest()
            await _add_up(database)
            pages = await _time_pages(server, cookies, _list_paths(database, places[0]), given.loads)
            event = await time_events(port, (_COOKIE, cookies.person), database, 5)
            webhooks = await _time_webhooks(server, cookies, given)
        weight = sum(len(gzip.compress(asset.body)) for asset in load_assets().values() if asset.name != "icon.svg")
        return {
            **pages,
            "gzip_kb": round(weight / 1000, 1),
            "event_s": None if event is None else round(event, 3),
            **webhooks,
        }


async def _install(hub: Hub, app: AppCredentials, administrator: str) -> list[Repository]:
    """Return five repositories, the first of which gets most of the tasks."""
    made = [hub.create_repository(f"octo/service-{number}") for number in range(5)]
    for one in made:
        hub.set_permission(one, administrator, "admin")
    hub.install(app, "octo", made)
    number = next(iter(hub.world.installations))
    return [
        Repository(id=one.id, owner="octo", name=one.name, installation=number, default_branch=one.default_branch)
        for one in made
    ]


def _sign_in(database: Path, person: Actor, places: Sequence[Repository], streams: int) -> Cookies:
    store = Store(create_engine(f"sqlite:///{database}"))
    seen = [SeenRepository(repository=place, role="admin") for place in places]
    people = [person, *(Actor(login=f"eye-{each}", id=100 + each) for each in range(streams // 10))]
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
    more |= {f"/usage?by={by}": f"/usage?by={by}" for by in get_args(UsageKey)}
    since = (datetime.now(UTC).date() - timedelta(days=DAYS)).isoformat()
    days = {f"/usage?by={by}, {DAYS} days": f"/usage?by={by}&first={since}" for by in ("day", "actor")}
    audit = ("actor=dev-3", f"repository={place.full_name}", "allowed=false")
    more |= days | {f"/audit?{query}": f"/audit?{query}" for query in audit}
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


async def _add_up(database: Path) -> None:
    """Wait until the server has stored the sums of what is over."""
    store = Store(create_engine(f"sqlite:///{database}"))
    try:
        while await store.read(usage_sums.list_due, UTC, now_ms()):
            await asyncio.sleep(1)
    finally:
        store.close()


async def _time_pages(server: Server, cookies: Cookies, paths: dict[str, str], loads: int) -> dict[str, object]:
    """Ask every page in turn, as the person and as the administrator.

    What one of them is refused only the other is asked for.
    """
    taken: defaultdict[str, list[float]] = defaultdict(list)
    burnt: defaultdict[str, list[float]] = defaultdict(list)
    people = {"person": cookies.person, "administrator": cookies.administrator}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for turn in range(loads + 1):
            for (name, path), (who, secret) in product(paths.items(), people.items()):
                before, began = server.processor_s(), time.perf_counter()
                url, headers = f"http://127.0.0.1:{server.port}{path}", {"Cookie": f"{_COOKIE}={secret}"}
                async with session.get(url, headers=headers, allow_redirects=False) as answer:
                    await answer.read()
                if answer.status not in (200, 403):
                    print(f"{name}: {answer.status}")
                elif answer.status == 200 and turn:  # the first one only warms up
                    taken[f"{name} ({who})"].append(time.perf_counter() - began)
                    burnt[f"{name} ({who})"].append(server.processor_s() - before)
    worst = max(taken, key=lambda name: _find_p95(taken[name]))
    busiest = max(burnt, key=lambda name: _find_p95(burnt[name]))
    for name, times in sorted(taken.items()):
        told = " ".join(
            f"{statistics.median(each) * 1000:6.1f} {_find_p95(each) * 1000:6.1f}" for each in (times, burnt[name])
        )
        print(f"{name:<60} median and p95 in ms: {told} of the processor")
    every = [each for times in taken.values() for each in times]
    return {
        "page_p95_ms": round(_find_p95(taken[worst]) * 1000, 1),
        "slowest_page": worst,
        "all_pages_p95_ms": round(_find_p95(every) * 1000, 1),
        "page_processor_p95_ms": round(_find_p95(burnt[busiest]) * 1000, 1),
        "busiest_page": busiest,
        "pages": len(taken),
    }


def _find_p95(times: Sequence[float]) -> float:
    """Return the nearest rank: of 20 the last but one."""
    return sorted(times)[math.ceil(len(times) * 0.95) - 1]


class Sent(NamedTuple):
    """A round of deliveries: the p99 of their times, and the server's processor time a delivery (ms)."""

    p99: float
    processor: float


async def _time_webhooks(server: Server, cookies: Cookies, given: Given) -> dict[str, object]:
    """Send pairs of rounds, with and without open streams, the order changing; compare them pair by pair.

    The ratios are medians of the pairs': what else the machine does falls on both rounds of most pairs.
    """
    pairs: list[dict[bool, Sent]] = []
    path = f"{PREFIX}/tasks/{WAITING_TASK}/live"
    names = [f"{_COOKIE}={secret}" for secret in cookies.streams]
    held = 0
    await _send(server, given)
    for number in range(given.rounds):
        pair: dict[bool, Sent] = {}
        for beside in (True, False) if number % 2 else (False, True):
            async with open_streams(server.port, path, names if beside else ()) as opened:
                held = max(held, opened)
                pair[beside] = await _send(server, given)
            await asyncio.sleep(_MISSED_SECONDS if beside else 0)
        pairs.append(pair)
    for beside, name in ((False, "alone"), (True, "beside streams")):
        p99s, burnt = ([round(pair[beside][field], 2) for pair in pairs] for field in (0, 1))
        print(f"webhooks {name}: p99 {p99s} ms, processor a delivery {burnt} ms")
    p99, processor = (statistics.median(pair[True][field] / pair[False][field] for pair in pairs) for field in (0, 1))
    return {"streams": held, "webhook_ratio": round(p99, 2), "webhook_processor_ratio": round(processor, 2)}


async def _send(server: Server, given: Given) -> Sent:
    await server.at_rest()
    host, body = f"127.0.0.1:{server.port}", pull_request_payload("assigned")
    requests = signed(server.webhook, host, SECRET, body, given.deliveries)
    before = server.processor_s()
    sent = await send_all(server.port, requests, 20)
    burnt = server.processor_s() - before
    return Sent(sent.quantile(0.99) * 1000, burnt / given.deliveries * 1000)


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
