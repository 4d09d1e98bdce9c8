"""The door for signals beside the webhook's, in turn on one server; then 500 pods' alerts at once.

Run it: ``python -m bench.signals_door``. The last line is one JSON object; rates are medians over the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.webhooks.load import Round, pull_request_payload, send_all, signed
from bench.webhooks.servers import SECRET, Server, forgehand
from bot.doors.signals import admin
from bot.doors.signals.verification import sign_body
from bot.local.hosting import free_port, manifest_rights
from bot.settings import Settings
from simhub import AppCredentials, Hub

_PODS = 500
_SECRET = "the secret of a sender"
_TOKEN = "Forgehand-Token"
_POLICY = {".github/forgehand.yml": "incidents: { enabled: true }\n", "README.md": "Sample\n"}


def alert(number: int) -> dict[str, Any]:
    """One pod's alert, as Alertmanager sends it alone with ``group_by: ['...']``."""
    pod = f"shop-7d9f8b6c5-{number:05d}"
    labels = {
        "alertname": "PodDown",
        "service": "shop",
        "severity": "critical",
        "pod": pod,
        "instance": f"10.0.0.{number}",
    }
    one = {"status": "firing", "labels": labels, "annotations": {"summary": f"{pod} is down"}}
    one |= {"startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "endsAt": "0001-01-01T00:00:00Z"}
    group = {"receiver": "forgehand", "status": "firing", "groupKey": f'{{}}:{{pod="{pod}"}}', "version": "4"}
    return {**group, "alerts": [one], "groupLabels": labels, "commonLabels": labels, "truncatedAlerts": 0}


def post(path: str, port: int, body: bytes, header: str) -> bytes:
    """One whole request."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{header}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def add(hub: Hub, app: AppCredentials, folder: Path, kind: Any) -> str:
    """Add a source and return its path."""
    file = folder / "secret"
    file.write_text(_SECRET)
    settings = Settings(
        app_id=app.app_id, private_key=app.private_key, api_url=hub.api_url, data_dir=folder / "data"
    )  # fmt: skip
    told = await admin.add_source(settings, kind, "octo/sample", name=None, secret_file=file)
    found = re.search(r"(/signals/[^\s`]+)`", told)
    assert found is not None
    return found[1]


def count(folder: Path, query: str) -> int:
    with closing(sqlite3.connect(folder / "data" / "forgehand.db")) as database:
        return int(database.execute(query).fetchone()[0])


async def measure(rounds: int, deliveries: int, connections: int, folder: Path) -> dict[str, Any]:
    """Alternate rounds of load; the first of each only warms up."""
    source = folder / "source"
    for name, text in _POLICY.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    async with Hub.start(folder / "hub") as hub:
        app = hub.create_app("forgehand", webhook_secret=SECRET, **manifest_rights())
        repository = hub.create_repository("octo/sample", source=source)
        port = free_port()
        async with forgehand(hub, app, folder, port) as server:
            app.webhook_url = f"http://127.0.0.1:{port}/webhook"
            hub.install(app, "octo", [repository])
            await hub.settled()
            done: dict[str, list[Round]] = {"webhooks": [], "signals": []}
            for number in range(rounds + 1):
                # a source takes 6,000 a minute: each round has its own
                path = await add(hub, app, folder, "pagerduty")
                loads = {
                    "webhooks": signed(
                        "/webhook", f"127.0.0.1:{port}", SECRET, pull_request_payload("assigned"), deliveries
                    )
                }
                loads["signals"] = [signal(path, port, number, one) for one in range(deliveries)]
                for load, requests in loads.items():
                    one = await send_all(port, requests, connections)
                    print(f"{load:<9} {one.per_second:7.0f}/s  p99 {one.quantile(0.99) * 1000:6.1f} ms", flush=True)
                    done[load] += [one] if number else []
                    await server.at_rest()
            return {load: summarise(found) for load, found in done.items()} | await storm(hub, app, folder, server)


def signal(path: str, port: int, number: int, one: int) -> bytes:
    body = json.dumps(
        {"event": {"id": f"{number}-{one}", "event_type": "incident.acknowledged", "data": {"x": "y" * 900}}}
    )
    return post(path, port, body.encode(), f"X-PagerDuty-Signature: v1={sign_body(body.encode(), _SECRET)}")


def summarise(rounds: list[Round]) -> dict[str, float]:
    return {
        "accepted_per_s": round(statistics.median(one.per_second for one in rounds)),
        "p99_ms": round(statistics.median(one.quantile(0.99) for one in rounds) * 1000, 1),
        "p999_ms": round(statistics.median(one.quantile(0.999) for one in rounds) * 1000, 1),
        "refused": sum(one.refused for one in rounds),
    }


async def storm(hub: Hub, app: AppCredentials, folder: Path, server: Server) -> dict[str, Any]:
    """Send one trouble of many pods, each alone, and wait until all is handled."""
    path = await add(hub, app, folder, "alertmanager")
    bodies = [json.dumps(alert(number)).encode() for number in range(_PODS)]
    started = time.perf_counter()
    sent = await send_all(server.port, [post(path, server.port, body, f"{_TOKEN}: {_SECRET}") for body in bodies], 20)
    while count(folder, "select count(*) from fh_delivery where done is null"):
        await asyncio.sleep(0.1)
    handled = time.perf_counter() - started
    await server.at_rest()
    return {
        "storm": {
            "pods": _PODS,
            "stored_s": round(sent.seconds, 2),
            "handled_s": round(handled, 1),
            "refused": sent.refused,
            "incidents": count(folder, "select count(*) from fh_incident"),
            "failed": count(folder, "select count(*) from fh_delivery where error is not null"),
        }
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.signals_door", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deliveries", type=int, default=3000, help="a round")
    parser.add_argument("--connections", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-signals-") as folder:
        figures = asyncio.run(measure(given.rounds, given.deliveries, given.connections, Path(folder)))
    bars = {"accepted_per_s": 2000, "p99_ms": 40, "p999_ms": 500, "incidents": 1}
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": "signals_door", **figures, "bars": bars, "load_average": load}))


if __name__ == "__main__":
    main()
