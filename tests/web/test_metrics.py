"""The metrics page: what the database knows, and what has not happened yet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from pytest_aiohttp.plugin import AiohttpClient

from bot.engine.attempts import STOP_GRACE, Deadlines
from bot.github.api.access import GitHubLoad
from bot.metrics import awaiting_sign, note_sign
from bot.settings import Settings
from bot.store import deliveries, keys, limits, outcomes, tasks
from bot.store.database import now_ms
from bot.store.deliveries import Delivery, DeliveryEnd
from bot.store.keys import StoredKey
from bot.store.limits import Limit
from bot.store.store import Store
from bot.store.tables import model_call
from bot.web.metrics import MetricsPage, make_metrics
from tests.support.databases import new_sqlite, open_store

DAY_MS = 24 * 3600 * 1000
CALL = {"step": "s", "role": "fix", "model": "m-1", "state": "answered", "owner": "octo", "repository": "octo/hidden"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield from open_store(new_sqlite(tmp_path / "web.db"))


def fill(store: Store) -> None:
    """Three deliveries, a queued task of an hour ago, a merged pull request of $0.25, a limit and an old key."""
    arrived = [Delivery(f"g{n}", "issues", b"{}") for n in range(3)]
    new = tasks.NewTask(
        id="t9", flow="fix", source="label", installation=1, repository="octo/hidden", actor="mara", argument={}
    )
    old = StoredKey(
        id="k1", scope="instance", owner=0, owner_name="", provider="openai", name="", masked="...", sealed="s",
        use="current", fallback=False, state="works", created=now_ms() - 91 * DAY_MS,
    )  # fmt: skip
    with store.engine.begin() as connection:
        deliveries.put(connection, arrived, "forgehand")
        deliveries.end(connection, [DeliveryEnd("g0", None), DeliveryEnd("g1", "bad")])
        tasks.create(connection, new)
        for number in range(1, 4):
            done = new.model_copy(update={"id": f"t{number}"})
            tasks.create(connection, done)
            tasks.close(connection, done.id, "done", {})
        call = CALL | {"id": "c", "task": "t1", "flow": "fix", "reserved": 0, "cost": 250_000, "created": now_ms()}
        connection.execute(model_call.insert().values(call))
        for task, kind in (("t1", "merged"), ("t2", "closed"), ("t3", "closed"), ("t3", "merged")):
            outcomes.record(connection, task=task, kind=kind, data={})
        limits.set_limit(connection, Limit(scope="organisation", name="octo", period="month", ceiling=500_000), "mara")
        keys.add(connection, old)


async def test_the_page_tells_what_the_database_knows(store: Store, aiohttp_client: AiohttpClient) -> None:
    fill(store)
    page = MetricsPage(store, Settings(), {"ask"}, lambda: GitHubLoad(waiting=2, left=0.25))
    http = await aiohttp_client(make_metrics(page))
    answer = await http.get("/metrics")
    text = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain")
    for line in (
        "forgehand_inbox_open 1.0",
        "forgehand_inbox_failed 1.0",
        'forgehand_tasks{state="queued",task="fix"} 1.0',
        'forgehand_queue_oldest_seconds{lane="quick"} 0.0',
        "forgehand_dollars_today 0.25",
        'forgehand_merged_pull_request_dollars{task="fix"} 0.125',
        'forgehand_budget_used_ratio{scope="organisation"} 0.5',
        'forgehand_keys{state="overdue"} 1.0',
        "forgehand_key_rotation_seconds -",
        'forgehand_pull_requests{outcome="merged"} 2.0',
        'forgehand_pull_requests{outcome="closed"} 1.0',
        'forgehand_pull_requests{outcome="reverted"} 0.0',
        "forgehand_github_waiting 2.0",
        "forgehand_github_left_ratio 0.25",
        "forgehand_build_info{",
        # Prometheus sees no growth in what begins at 1
        'forgehand_ended_tasks_total{outcome="dead"} ',
        'forgehand_model_questions_total{result="down",role="verify"} ',
        'forgehand_budget_refusals_total{scope="key"} ',
    ):
        assert line in text, line
    assert "octo" not in text


def test_only_the_first_sign_of_a_delivery_is_timed() -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("forgehand_first_sign_seconds_count") or 0.0

    before = count()
    note_sign()  # nobody waits for one
    with awaiting_sign(now_ms() - 40_000):
        note_sign()
        note_sign()
    assert count() == before + 1
    assert REGISTRY.get_sample_value("forgehand_first_sign_seconds_sum", {}) >= 40


def test_a_step_is_overdue_once_its_limit_and_its_grace_are_over() -> None:
    deadlines = Deadlines()
    with deadlines.hold(None), deadlines.hold(60.0), deadlines.hold(-2 * STOP_GRACE):
        assert deadlines.count_missed() == 1
    assert deadlines.count_missed() == 0


def test_a_stage_is_timed_from_its_last_start(store: Store) -> None:
    add = partial(store.run_sync, tasks.add_stage, "t1")
    assert add({"stage": "prove", "state": "done", "text": ""}) is None
    assert add({"stage": "prove", "state": "started", "text": ""}) is None
    assert add({"stage": "fix", "state": "started", "text": ""}) is None
    seconds = add({"stage": "prove", "state": "failed", "text": ""})
    assert seconds is not None
    assert seconds >= 0
