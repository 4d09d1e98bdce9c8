"""Figures over the real door: kept with their deployment, shown beside the one before, refused in words."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from bot.incidents.story import load_story
from bot.store import deployments
from bot.store.database import now_ms
from bot.store.deployments import Deployed
from handlers.incident.words import write_body, write_post_mortem
from tests.doors.signals.test_door import add, with_incidents
from tests.e2e.scenes import handled, rows
from tests.support.api import asker, opened
from tests.support.story import Story
from tests.support.within import within

CHANGE = "p95 210 ms -> 480 ms, errors 0.2 % -> 3.1 % since deployment 12 (before it 11)"


def deploy(story: Story, number: int, good: int) -> None:
    told: dict[str, Any] = {"id": number, "environment": "production", "sha": str(number) * 20, "state": "success"}
    known = Deployed(**told, created=good * 1000, changed=good * 1000, good=good * 1000)
    with opened(story) as store:
        store.run_sync(deployments.record, story.repository.id, known)


async def test_figures_stand_beside_those_of_the_deployment_before(tmp_path: Path) -> None:
    async with within(tmp_path, with_incidents(tmp_path)) as story:
        sender = await add(story, "own")
        now = int(time.time())
        deploy(story, 11, now - 7_200)
        deploy(story, 12, now - 1_200)
        place = {"kind": "figures", "environment": "production", "service": "shop"}
        before = place | {
            "from": now - 3_600,
            "to": now - 3_000,
            "figures": {"latency_p95_ms": 210, "error_rate": 0.002},
        }
        since = place | {"from": now - 900, "to": now - 300, "figures": {"latency_p95_ms": 480, "error_rate": 0.031}}
        mixed = place | {"from": now - 1_500, "to": now - 1_000, "figures": {"latency_p95_ms": 9_000}}
        wrong = place | {"from": now - 900, "to": now - 600, "figures": {"p99": 1}}
        down = {"kind": "alert_firing", "title": "Checkout is slow", "service": "shop"}
        for _ in range(2):
            assert (await sender.send({"signals": [before, since, mixed, wrong, down]}))[0] == 202
        await handled(story)
        assert rows(story, "select deployment from fh_figures order by ended") == [(11,), (None,), (12,)]
        program = asker(story, story.maintainer)
        where = "/api/v1/deployments/12/figures?repository=octo/sample"
        told = (await program.get(where)).data
        (shop,) = told["services"]
        assert (told["environment"], shop["change"], shop["earlier"], shop["advice"]) == ("production", CHANGE, 11, "")
        assert shop["now"] == {"latency_p95_ms": 480.0, "error_rate": 0.031}
        assert (await program.get(where.replace("12", "99"))).status == 404
        assert (await program.get(where.replace("sample", "none"))).status in {403, 404}
        refused = rows(story, "select allowed, reason, actor from fh_audit where action = 'figures'")
        reason = "`p99` is not known; cpu, error_rate, latency_p50_ms, latency_p95_ms, memory, requests_per_second are."
        assert refused == [(0, reason, sender.id)] * 2
        ((incident,),) = rows(story, "select id from fh_incident")
        with opened(story) as store:
            written = store.run_sync(partial(load_story, incident_id=incident, now=now_ms()))
        assert written is not None
        for text in (write_body(written), write_post_mortem(written)):
            assert f"\n- `shop`: {CHANGE}\n" in text
        assert (await program.get(f"/api/v1/incidents/{incident}")).data["figures"] == [shop]
