"""Run it: ``python -m bench.webhooks``. The last line is one JSON object; times in it are medians over the rounds."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.webhooks.acts import Acted, label_at_once
from bench.webhooks.load import Round, pull_request_payload, send_all, signed
from bench.webhooks.servers import SECRET, Server, forgehand, install_probot, probot
from bot.local.hosting import free_port, manifest_rights
from simhub.hub import AppCredentials, Hub
from simhub.model import Account, Repository

_IDLE_SECONDS = 3.0


@dataclass
class Subject:
    """A server under test, the GitHub it serves, and what was measured of it."""

    server: Server
    hub: Hub
    app: AppCredentials
    repository: Repository
    maintainer: Account
    idle_rss_mb: float = 0.0
    rounds: list[Round] = field(default_factory=list)
    acted: Acted | None = None

    def figures(self) -> dict[str, float]:
        assert self.acted is not None
        return {
            "accepted_per_s": round(statistics.median(item.per_second for item in self.rounds)),
            "p50_ms": round(statistics.median(item.quantile(0.5) for item in self.rounds) * 1000, 1),
            "p99_ms": round(statistics.median(item.quantile(0.99) for item in self.rounds) * 1000, 1),
            "slowest_load_answer_s": round(max(item.quantile(1.0) for item in self.rounds), 3),
            "refused": sum(item.refused for item in self.rounds),
            "idle_rss_mb": round(self.idle_rss_mb, 1),
            "rss_mb": round(self.server.rss_mb(), 1),
            "slowest_answer_s": round(self.acted.slowest_answer, 3),
            "slowest_healthz_s": round(self.acted.slowest_alive, 3),
            "first_sign_s": round(self.acted.first_sign, 3),
            "last_sign_s": round(self.acted.last_sign, 3),
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
            await asyncio.sleep(_IDLE_SECONDS)
            yield Subject(server, hub, app, repository, maintainer, idle_rss_mb=server.rss_mb())


async def measure(rounds: int, deliveries: int, connections: int, folder: Path) -> dict[str, dict[str, float]]:
    """Both servers run all the time; rounds of load alternate between them, the first pair only warms up."""
    body = pull_request_payload()
    async with subject(forgehand, folder / "forgehand") as ours, subject(probot, folder / "probot") as theirs:
        for number in range(rounds + 1):
            for one in (ours, theirs):
                host = f"127.0.0.1:{one.server.port}"
                requests = signed(one.server.webhook, host, SECRET, body, deliveries)
                done = await send_all(one.server.port, requests, connections)
                print(f"{one.server.name:<10} {done.per_second:7.0f}/s  p99 {done.quantile(0.99) * 1000:6.1f} ms")
                one.rounds += [done] if number else []
                await asyncio.sleep(1.0)
        for one in (ours, theirs):
            one.acted = await label_at_once(one.hub, one.repository, one.maintainer, one.server)
        return {one.server.name: one.figures() for one in (ours, theirs)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--deliveries", type=int, default=3000, help="a round")
    parser.add_argument("--connections", type=int, default=20)
    given = parser.parse_args()
    install_probot()
    with tempfile.TemporaryDirectory(prefix="bench-webhooks-") as folder:
        figures = asyncio.run(measure(given.rounds, given.deliveries, given.connections, Path(folder)))
    bars = {"accepted_per_s": 1500, "p99_ms": 60, "slowest_answer_s": 0.2, "idle_rss_mb": 130, "first_sign_s": 0.5}
    print(json.dumps({"bench": "webhooks", **figures, "bars": bars}))


if __name__ == "__main__":
    main()
