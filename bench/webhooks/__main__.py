"""Run it: ``python -m bench.webhooks``. The last line is one JSON object; times in it are medians over the rounds."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.webhooks.acts import LabelTimings, label_at_once
from bench.webhooks.load import Round, pull_request_payload, send_all, signed
from bench.webhooks.servers import SECRET, Server, forgehand, install_probot, probot
from bot.local.hosting import free_port, manifest_rights
from simhub import AppCredentials, Hub
from simhub.model import Account, Repository

LOADS = {
    "assigned": "pull_request.assigned: forgehand commits it to disk, then answers, and has no handler for it; "
    "probot answers once its empty handler has run, and stores nothing",
    "closed": "pull_request.closed: forgehand commits it, answers, runs its handlers (no pull request of its own, "
    "no review to stop) and commits how that ended; probot as above",
}


@dataclass
class Subject:
    """A server under test, the GitHub it serves, and what was measured of it."""

    server: Server
    hub: Hub
    app: AppCredentials
    repository: Repository
    maintainer: Account
    idle_rss_mb: float = 0.0
    rounds: dict[str, list[Round]] = field(default_factory=lambda: {load: [] for load in LOADS})
    acted: LabelTimings | None = None

    def figures(self) -> dict[str, Any]:
        assert self.acted is not None
        return {
            **_summary(self.rounds["assigned"]),
            "with_a_handler": _summary(self.rounds["closed"]),
            "idle_rss_mb": round(self.idle_rss_mb, 1),
            "rss_mb": round(self.server.rss_mb(), 1),
            "slowest_answer_s": round(self.acted.slowest_answer, 3),
            "slowest_healthz_s": round(self.acted.slowest_alive, 3),
            "first_sign_s": round(self.acted.slowest_sign, 3),
            "soonest_first_sign_s": round(self.acted.soonest_sign, 3),
        }


def _summary(rounds: list[Round]) -> dict[str, float]:
    return {
        "accepted_per_s": round(statistics.median(item.per_second for item in rounds)),
        "p50_ms": round(statistics.median(item.quantile(0.5) for item in rounds) * 1000, 1),
        "p99_ms": round(statistics.median(item.quantile(0.99) for item in rounds) * 1000, 1),
        "slowest_load_answer_s": round(max(item.quantile(1.0) for item in rounds), 3),
        "refused": sum(item.refused for item in rounds),
    }


@asynccontextmanager
async def subject(start: Any, folder: Path) -> AsyncIterator[Subject]:
    """``start`` the server in front of a GitHub of its own, installed on one repository."""
    folder.mkdir()
    async with Hub.start(folder / "hub") as hub:
        app = hub.create_app("forgehand", webhook_secret=SECRET, **manifest_rights())
        maintainer = hub.create_user("mara")
        repository = hub.create_repository("octo/sample")
        hub.set_permission(repository, "mara", "admin")
        port = free_port()
        async with start(hub, app, folder, port) as server:
            app.webhook_url = f"http://127.0.0.1:{port}{server.webhook}"
            hub.install(app, "octo", [repository])
            await hub.settled()
            await server.at_rest()
            yield Subject(server, hub, app, repository, maintainer, idle_rss_mb=server.rss_mb())


async def measure(rounds: int, deliveries: int, connections: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Alternate rounds of load between both; the first of each only warms up."""
    async with subject(forgehand, folder / "forgehand") as ours, subject(probot, folder / "probot") as theirs:
        for number in range(rounds + 1):
            for load, one in itertools.product(LOADS, (ours, theirs)):
                done = await _round(one, load, deliveries, connections)
                one.rounds[load] += [done] if number else []
        for one in (ours, theirs):
            one.acted = await label_at_once(one.hub, one.repository, one.maintainer, one.server)
        return {one.server.name: one.figures() for one in (ours, theirs)}


async def _round(one: Subject, action: str, deliveries: int, connections: int) -> Round:
    host = f"127.0.0.1:{one.server.port}"
    body = pull_request_payload(action, one.repository.id, next(iter(one.hub.world.installations)))
    requests = signed(one.server.webhook, host, SECRET, body, deliveries)
    done = await send_all(one.server.port, requests, connections)
    figures = f"{done.per_second:7.0f}/s  p99 {done.quantile(0.99) * 1000:6.1f} ms"
    print(f"{one.server.name:<10} {action}  {figures}", flush=True)
    await one.server.at_rest()
    return done


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--deliveries", type=int, default=3000, help="a round")
    parser.add_argument("--connections", type=int, default=20)
    given = parser.parse_args()
    install_probot()
    print("\n".join(LOADS.values()))
    with tempfile.TemporaryDirectory(prefix="bench-webhooks-") as folder:
        figures = asyncio.run(measure(given.rounds, given.deliveries, given.connections, Path(folder)))
    bars = {"accepted_per_s": 1500, "p99_ms": 60, "slowest_answer_s": 0.2, "idle_rss_mb": 130, "first_sign_s": 0.5}
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": "webhooks", **figures, "bars": bars, "loads": LOADS, "load_average": load}))


if __name__ == "__main__":
    main()
