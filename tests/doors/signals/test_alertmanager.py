"""Debian's Prometheus and Alertmanager fire, group, repeat and resolve against the bot, and all of them are killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from bot.doors.signals.handling import read_signals
from bot.doors.signals.instructions import instruct
from bot.local.hosting import free_port
from bot.signals.fields import Arrival
from bot.signals.records import Signal
from tests.doors.signals.test_door import SECRET, Sender, add, with_incidents
from tests.e2e.scenes import rows
from tests.support import alertmanager
from tests.support.alertmanager import Program, running
from tests.support.story import Story, told

RULES = """
groups:
  - name: shop
    rules:
      - alert: PodDown
        expr: shop_up == 0
        labels: {severity: page, service: shop}
        annotations: {summary: "{{ $labels.pod }} is down"}
"""
PODS = [f"shop-7d9f8b6c5-{end}" for end in ("x2x4z", "7kq2w", "bcdfg", "99999", "q5q5q")]


@dataclass
class Shop:
    """A service whose pods say whether they are up."""

    up: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PODS, 1))

    async def metrics(self, _request: web.Request) -> web.Response:
        lines = [f'shop_up{{pod="{pod}"}} {value}' for pod, value in self.up.items()]
        return web.Response(text="\n".join(["# TYPE shop_up gauge", *lines, ""]))


@asynccontextmanager
async def serving(shop: Shop) -> AsyncIterator[int]:
    application = web.Application()
    application.router.add_get("/metrics", shop.metrics)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


def make_senders(folder: Path, sender: Sender, shop: int) -> tuple[Program, Program]:
    """Both programs; Alertmanager with what we tell people to paste, and short times."""
    found = alertmanager.find_both()
    assert found is not None
    ports = free_port(), free_port()
    pasted = yaml.safe_load(instruct("alertmanager", sender.id, sender.url, SECRET).partition("\n\n")[2])
    times = {"group_wait": "1s", "group_interval": "1s", "repeat_interval": "2s"}
    pasted["route"] |= {"receiver": "forgehand", **times}
    (folder / "rules.yml").write_text(RULES)
    watched = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ports[0]}"]}]}]},
        "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [f"127.0.0.1:{shop}"]}]}],
    }
    return (
        alertmanager.make_alertmanager(found[1], folder, ports[0], yaml.safe_dump(pasted)),
        alertmanager.make_prometheus(found[0], folder, ports[1], yaml.safe_dump(watched)),
    )


def heard(sender: Sender) -> list[tuple[Any, tuple[Signal, ...]]]:
    """What came, each body with its signals."""
    bodies = [json.loads(row[2])["body"] for row in sender.stored()]
    return [(json.loads(body), read_signals("alertmanager", body, Arrival("am", "d", 1))) for body in bodies]


async def until_told(story: Story, sender: Sender, firing: int, resolved: int) -> None:
    def look() -> bool:
        found = [body["alerts"] for body, _ in heard(sender)]
        counts = [[each["status"] for each in alerts].count for alerts in found]
        return any(count("firing") == firing and count("resolved") >= resolved for count in counts)

    await story.until(look, what=f"{firing} firing and {resolved} resolved alerts were told")


def metrics_of(story: Story) -> str:
    return f"http://127.0.0.1:{story.environment['FORGEHAND_METRICS_PORT']}/metrics"


async def count_repeats(story: Story) -> float:
    async with aiohttp.ClientSession() as session, session.get(metrics_of(story)) as answer:
        lines = (await answer.text()).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("forgehand_duplicate_deliveries_total "))


@pytest.mark.needs("alertmanager")
async def test_one_trouble_however_it_is_told(tmp_path: Path) -> None:
    shop, source = Shop(), with_incidents(tmp_path)
    page = str(free_port())
    async with told(tmp_path, source, [], FORGEHAND_METRICS_PORT=page) as story, serving(shop) as port:
        sender = await add(story, "alertmanager")
        senders = make_senders(tmp_path, sender, port)
        async with running(*senders):
            shop.up |= dict.fromkeys(PODS[:3], 0)
            await until_told(story, sender, 3, 0)
            repeated = await count_repeats(story)
            await story.until(lambda: _more(story, repeated), what="a repeat was told, byte for byte")
            await story.kill_bot()
            shop.up |= dict.fromkeys(PODS, 0)
            await asyncio.sleep(2)  # Alertmanager finds nobody, and tries again
            await story.start_bot()
            await until_told(story, sender, 5, 0)
            await senders[0].kill()
            await senders[0].start()
            shop.up[PODS[0]] = 1
            await until_told(story, sender, 4, 1)
            shop.up |= dict.fromkeys(PODS, 1)
            await until_told(story, sender, 0, 4)
        await story.until(lambda: not _waiting(sender), what="all was handled")
        await story.until(lambda: story.repository.issues, what="an issue is opened about it")
        bodies = heard(sender)
        assert len(rows(story, "select id from fh_incident")) == 1
        assert rows(story, "select firing, alerts from fh_trouble") == [(0, "[]")], "all pods are well again"
        assert len(story.repository.issues) == 1
    signals = [signal for _, read in bodies for signal in read]
    firing = {signal.state_key for signal in signals if signal.kind == "alert_firing"}
    assert len({signal.incident_key for signal in signals}) == 1
    assert {body["version"] for body, _ in bodies} == {"4"}
    assert len({signal.labels["alert"] for signal in signals}) == len(PODS)
    assert len(firing) == len(PODS), "each pod's alert is news once, whoever was killed"
    assert all("alert_firing" in {each.kind for each in read} for body, read in bodies if body["status"] == "firing")
    assert {each.severity for each in signals} == {"critical"}
    assert [row[3] for row in sender.stored() if row[3] is not None] == []


async def _more(story: Story, before: float) -> bool:
    return await count_repeats(story) > before


def _waiting(sender: Sender) -> bool:
    return bool(rows(sender.story, "select 1 from fh_delivery where done is null"))
