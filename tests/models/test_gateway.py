"""The gateway: nothing bought twice, budgets never exceeded, the next model takes over."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from bot.models.gateway import ModelGateway
from bot.models.permitted import PermittedModels
from bot.models.port import (
    BadAnswer,
    BudgetExceeded,
    ContextTooLong,
    ModelBusy,
    ModelDown,
    ModelQuota,
    ModelRefused,
)
from bot.settings import BudgetSettings, ModelSettings
from bot.store import limits
from bot.store.ledger import Ledger, ModelCall
from bot.store.limits import Limit
from bot.store.store import Store
from bot.store.tables import model_call
from simhub.model_formats import ModelRequest
from simhub.scripted_model import ScriptedModel
from tests.support.models import MODEL_OF, dollars, new_gateway, new_store, scripted_settings, spender, talk
from tests.support.patience import PATIENCE

FIRST, SECOND, LOCAL = MODEL_OF["messages"], MODEL_OF["responses"], MODEL_OF["chat"]
CHEAP = "claude-haiku-5-5"
ASK = talk("Mend it.")
SEEN = "forgehand_model_first_token_seconds_count"


def gateway_of(server: ScriptedModel, store: Store, **overrides: object) -> ModelGateway:
    return new_gateway(store, scripted_settings(server, **overrides))


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def rows(store: Store) -> list[sa.Row[tuple[object, ...]]]:
    return store.run_sync(lambda connection: list(connection.execute(sa.select(model_call))))


# -- nothing is bought twice


async def test_an_answer_is_bought_once_even_across_a_restart(server: ScriptedModel, tmp_path: Path) -> None:
    server.script.on(
        {"text": "the answer", "reasoning": "hm", "tool_calls": [{"name": "read", "arguments": {"a": [1]}}]}
    )
    before = new_store(tmp_path)
    first = await gateway_of(server, before).ask(spender(), "prove", "fix", ASK)
    before.close()
    after = new_store(tmp_path)
    gateway = gateway_of(server, after)
    assert await gateway.ask(spender(), "prove", "fix", ASK) == first
    assert len(server.requests) == 1
    assert dollars(after, "t1") == pytest.approx(first.cost)
    after.close()


async def test_the_same_step_asked_ten_times_at_once_is_one_purchase(server: ScriptedModel, store: Store) -> None:
    server.script.on({"text": "once", "delay": 0.02})
    gateway = gateway_of(server, store)
    replies = await asyncio.gather(*(gateway.ask(spender(), "prove", "fix", ASK) for _ in range(10)))
    assert {reply.text for reply in replies} == {"once"}
    assert len(server.requests) == 1


async def test_a_bad_answer_that_was_paid_for_stays_bad_and_paid(server: ScriptedModel, store: Store) -> None:
    server.script.on({"text": "no json", "usage": {"input": 1000, "output": 100, "cached": 300, "cache_write": 200}})
    gateway = gateway_of(server, store)
    said = []
    for _ in range(2):
        with pytest.raises(BadAnswer) as caught:
            await gateway.ask(spender(), "judge", "verify", ASK, schema={"type": "object"})
        said.append(caught.value)
    assert said[0] == said[1]
    assert len(server.requests) == 1
    assert dollars(store, "t1") == pytest.approx((500 * 2 + 300 * 0.1 + 200 * 2.5 + 100 * 10) / 1e6)
    assert [(row.cached_tokens, row.cache_write_tokens) for row in rows(store)] == [(300, 200)]


async def test_a_failed_call_is_asked_again_and_its_known_cost_stays(server: ScriptedModel, store: Store) -> None:
    server.script.on(
        {"fault": "truncate", "text": "half " * 50, "usage": {"input": 100_000}}, reusable=True, turn=0, user="Mend"
    )
    gateway = gateway_of(server, store)
    paying = spender(role="fix", models=[FIRST])
    with pytest.raises(ModelDown):
        await gateway.ask(paying, "prove", "fix", ASK)
    wasted = dollars(store, "t1")
    assert wasted == pytest.approx(2 * (100_000 * 2 + 10) / 1e6)
    server.script.rules.clear()
    server.script.on({"text": "ok"})
    reply = await gateway.ask(paying, "prove", "fix", ASK)
    assert dollars(store, "t1") == pytest.approx(wasted + reply.cost)
    assert [row.reserved for row in rows(store)] == [0, 0, 0]


async def test_a_call_that_is_cut_short_holds_no_money_and_costs_what_was_sent(
    server: ScriptedModel, store: Store
) -> None:
    asked = asyncio.Event()

    async def never(_: ModelRequest) -> dict[str, object]:
        asked.set()
        await asyncio.sleep(60)
        return {}

    server.script.on(never)
    gateway = gateway_of(server, store)
    asking = asyncio.create_task(gateway.ask(spender(), "prove", "fix", ASK))
    await asked.wait()
    (before,) = rows(store)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (after,) = rows(store)
    assert (before.state, after.state, after.reserved) == ("reserved", "failed", 0)
    assert 0 < after.cost < before.reserved
    server.script.rules.clear()
    server.script.on({"text": "ok"})
    reply = await gateway.ask(spender(), "prove", "fix", ASK)
    assert dollars(store, "t1") == pytest.approx(after.cost / 1e6 + reply.cost)


async def test_an_answer_that_came_before_the_stop_is_kept(server: ScriptedModel, store: Store) -> None:
    """The process is told to stop while the answer waits for the database, which is busy with something else."""
    answered, held, free = asyncio.Event(), threading.Event(), threading.Event()

    def hold(_: sa.Connection) -> None:
        held.set()
        free.wait(PATIENCE)

    async def answers(_: ModelRequest) -> dict[str, object]:
        answered.set()
        return {"text": "once"}

    server.script.on(answers)
    gateway = gateway_of(server, store)
    asking = asyncio.create_task(gateway.ask(spender(), "prove", "fix", ASK))
    await answered.wait()
    busy = asyncio.create_task(store.run(hold))
    await asyncio.to_thread(held.wait, PATIENCE)
    while store._executor._work_queue.empty():
        await asyncio.sleep(0.005)
    asking.cancel()
    await asyncio.sleep(0.05)
    free.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await busy
    assert (await gateway.ask(spender(), "prove", "fix", ASK)).text == "once"
    assert len(server.requests) == 1


# -- budgets


async def test_many_at_once_never_exceed_a_budget(server: ScriptedModel, store: Store) -> None:
    server.script.on({"text": "x", "usage": {"input": 500, "output": 1000}, "delay": 0.01}, reusable=True)
    gateway = gateway_of(server, store, budget=BudgetSettings(task=1.0, day=0.05))
    payers = [spender(f"t{n % 7}", repository=f"octo/r{n % 5}") for n in range(60)]
    asks = (gateway.ask(payer, f"s{n}", "fix", ASK, max_output=1000) for n, payer in enumerate(payers))
    ended = await asyncio.gather(*asks, return_exceptions=True)
    refused = [error for error in ended if isinstance(error, BudgetExceeded)]
    spent = sum(row.cost for row in rows(store) if row.cost)
    assert len(refused) + len(server.requests) == 60
    assert 0 < spent <= 50_000
    assert len(server.requests) >= 3
    assert {error.detail("limit") for error in refused} == {"instance_day"}
    assert sum(row.reserved for row in rows(store)) == 0


@pytest.mark.parametrize(
    ("limits", "limit"),
    [({"max_task": 0.01}, "task"), ({"max_day": 0.01}, "repository_day")],
)
async def test_each_ceiling_refuses_before_any_request(
    server: ScriptedModel, store: Store, limits: dict[str, float], limit: str
) -> None:
    gateway = gateway_of(server, store)
    with pytest.raises(
        BudgetExceeded,
        match=r"may cost \$0\.01.*; \$0\.01 is left.*(task:t1 total DOLLARS`|limits\.dollars_per_day)",
    ) as caught:
        await gateway.ask(spender(**limits), "prove", "fix", ASK)
    assert caught.value.detail("limit") == limit
    assert server.requests == []


async def test_the_servers_ceiling_binds_whatever_the_policy_says(server: ScriptedModel, store: Store) -> None:
    gateway = gateway_of(server, store, budget=BudgetSettings(task=0.01, day=50))
    with pytest.raises(BudgetExceeded) as caught:
        await gateway.ask(spender(max_task=1000.0), "prove", "fix", ASK)
    assert caught.value.detail("limit") == "task"


async def test_one_repositorys_spending_leaves_anothers_alone(server: ScriptedModel, store: Store) -> None:
    server.script.on({"text": "x", "usage": {"input": 0, "output": 8000}}, reusable=True)
    gateway = gateway_of(server, store)
    await gateway.ask(spender("t1", max_day=0.1), "s", "fix", ASK)
    with pytest.raises(BudgetExceeded):
        await gateway.ask(spender("t2", max_day=0.1), "s", "fix", ASK)
    await gateway.ask(spender("t3", max_day=0.1, repository="octo/other"), "s", "fix", ASK)


async def test_a_crashed_reservation_counts_until_an_operator_allows_more(server: ScriptedModel, store: Store) -> None:
    crashed = ModelCall("t1", "prove", "fix", FIRST, "octo/demo", 990_000, 1, 1)
    assert await Ledger(store).reserve(crashed, ()) is None
    gateway = gateway_of(server, store, budget=BudgetSettings(task=1.0, day=9.0))
    for step in ("another", "prove"):
        with pytest.raises(BudgetExceeded, match="forgehand budget set task:t1 total"):
            await gateway.ask(spender(), step, "fix", ASK)
    allowed = Limit(scope="task", name="t1", period="total", ceiling=3_000_000)
    await store.run(limits.set_limit, allowed, "root")
    server.script.on({"text": "ok"})
    assert (await gateway.ask(spender(), "prove", "fix", ASK)).text == "ok"
    assert sorted(row.state for row in rows(store)) == ["answered", "lost", "refused"]


async def test_tokens_limit_a_model_without_a_price(server: ScriptedModel, store: Store) -> None:
    settings = {"local-coder": ModelSettings(base_url=server.openai_url, token_limit=3000)}
    gateway = gateway_of(server, store, models=settings, roles={"fix": [LOCAL]})
    server.script.on({"text": "x", "usage": {"input": 1200, "output": 300}}, reusable=True)
    reply = await gateway.ask(spender(), "one", "fix", ASK, max_output=500)
    assert reply.cost == 0.0
    with pytest.raises(BudgetExceeded, match="1500 are left") as caught:
        await gateway.ask(spender(), "two", "fix", ASK, max_output=1500)
    assert caught.value.detail("limit") == "task_tokens"
    await gateway.ask(spender("another task"), "two", "fix", ASK, max_output=1500)


# -- fallback


@pytest.mark.parametrize("fault", ["busy", "overloaded", "down", "quota", "bad_key", "no_model", "truncate"])
async def test_the_next_model_takes_over(server: ScriptedModel, store: Store, fault: str) -> None:
    before = [count("forgehand_model_fallbacks_total", role="fix"), count(SEEN, model=SECOND)]
    server.script.on({"fault": fault}, model=FIRST)
    server.script.on({"text": "from the second"}, model=SECOND)
    reply = await gateway_of(server, store).ask(spender(), "prove", "fix", ASK)
    assert (reply.text, reply.model) == ("from the second", SECOND)
    assert [asked.model for asked in server.requests] == [FIRST, SECOND]
    after = [count("forgehand_model_fallbacks_total", role="fix"), count(SEEN, model=SECOND)]
    assert [now - was for now, was in zip(after, before, strict=True)] == [1, 1]


@pytest.mark.parametrize("fault", ["too_long", "too_large"])
async def test_what_is_too_long_goes_to_a_larger_window_only(server: ScriptedModel, store: Store, fault: str) -> None:
    server.script.on({"fault": fault}, model=LOCAL)
    server.script.on({"text": "read it all"}, model=FIRST)
    free = {LOCAL: ModelSettings(base_url=server.openai_url, token_limit=1_000_000)}
    roles = {"fix": [FIRST, LOCAL]}
    gateway = gateway_of(server, store, models=free, roles=roles, strategies={"fix": "escalate"})
    assert (await gateway.ask(spender(), "escalates", "fix", ASK, failed=0)).model == FIRST
    server.script.on({"fault": "too_large"}, model=FIRST)
    with pytest.raises(ContextTooLong):
        await gateway.ask(spender(), "has nowhere to go", "fix", ASK)
    assert [asked.model for asked in server.requests] == [LOCAL, FIRST, FIRST]


async def test_the_larger_window_is_waited_for(server: ScriptedModel, store: Store) -> None:
    """One that is busy may still hold what the other could not."""
    server.script.on({"fault": "busy", "retry_after": 0.01}, model=FIRST)
    server.script.on({"fault": "too_long"}, model=LOCAL)
    server.script.on({"text": "read it all"}, model=FIRST)
    gateway = gateway_of(server, store, roles={"fix": [FIRST, LOCAL]})
    assert (await gateway.ask(spender(), "prove", "fix", ASK)).model == FIRST
    assert [asked.model for asked in server.requests] == [FIRST, LOCAL, FIRST]


async def test_a_short_wait_is_waited_and_a_long_one_is_not(server: ScriptedModel, store: Store) -> None:
    server.script.on({"fault": "busy", "retry_after": 0.2}, model=FIRST)
    server.script.on({"fault": "busy", "retry_after": 10 * PATIENCE}, model=SECOND)
    server.script.on({"text": "after the wait"}, model=FIRST)
    started = time.monotonic()
    reply = await gateway_of(server, store).ask(spender(), "prove", "fix", ASK)
    assert reply.text == "after the wait"
    assert 0.2 <= time.monotonic() - started < 10 * PATIENCE, "nobody waited so long"
    assert [asked.model for asked in server.requests] == [FIRST, SECOND, FIRST]


async def test_all_failing_says_what_each_said(server: ScriptedModel, store: Store) -> None:
    server.script.on({"fault": "bad_key"}, model=FIRST, reusable=True)
    server.script.on({"fault": "busy", "retry_after": 0.01}, model=SECOND, reusable=True)
    failed = partial(count, "forgehand_model_questions_total", role="fix", result="busy")
    refused = partial(count, "forgehand_model_errors_total", model=FIRST, error="refused")
    before = failed(), refused()
    with pytest.raises(ModelBusy, match=f"{FIRST}.*{SECOND}") as caught:
        await gateway_of(server, store).ask(spender(), "prove", "fix", ASK)
    assert caught.value.detail("retry_after") == 0.01
    assert [asked.model for asked in server.requests] == [FIRST, SECOND, SECOND]
    assert (failed(), refused()) == (before[0] + 1, before[1] + 1)


async def test_a_model_out_of_quota_rests(server: ScriptedModel, store: Store) -> None:
    server.script.on({"fault": "quota"}, model=FIRST)
    server.script.on({"text": "ok"}, model=SECOND, reusable=True)
    gateway = gateway_of(server, store)
    for step in ("one", "two", "three"):
        await gateway.ask(spender(), step, "fix", ASK)
    assert [asked.model for asked in server.requests] == [FIRST, SECOND, SECOND, SECOND]
    with pytest.raises(ModelQuota, match="will be tried again later"):
        await gateway.ask(spender(role="fix", models=[FIRST]), "four", "fix", ASK)


# -- policy, logs


async def test_a_policy_chooses_only_among_what_the_server_offers(server: ScriptedModel, store: Store) -> None:
    gateway = gateway_of(server, store)
    assert gateway.models_for("fix", spender()) == [FIRST, SECOND]
    assert gateway.models_for("fix", spender(role="fix", models=["claude-fable-5-1", LOCAL, SECOND])) == [LOCAL, SECOND]
    with pytest.raises(ModelRefused, match="does not offer claude-fable-5-1"):
        await gateway.ask(spender(role="fix", models=["claude-fable-5-1"]), "prove", "fix", ASK)
    assert server.requests == []


async def test_a_model_that_the_organisation_closed_is_never_asked(server: ScriptedModel, store: Store) -> None:
    server.script.on({"text": "ok"}, reusable=True)
    gateway = gateway_of(server, store)
    only_second = PermittedModels(models=(("gpt*", SECOND), (SECOND, LOCAL)))
    assert gateway.models_for("fix", spender(permitted=only_second)) == [SECOND]
    reply = await gateway.ask(spender(permitted=only_second), "one", "fix", ASK)
    assert reply.model == SECOND
    host = PermittedModels(providers=("127.0.0.1",))
    assert (await gateway.ask(spender(permitted=host), "two", "fix", ASK)).model == FIRST
    before = len(server.requests)
    for closed in (PermittedModels(models=((),)), PermittedModels(providers=("anthropic", "openai"))):
        with pytest.raises(ModelRefused, match="organisation's file does not") as caught:
            await gateway.ask(spender(permitted=closed), "three", "fix", ASK)
        assert caught.value.detail("reason") == "policy"
    assert len(server.requests) == before, "not one request"


async def test_a_failed_try_changes_the_model_and_a_repeated_step_does_not_ask_again(
    server: ScriptedModel, store: Store
) -> None:
    server.script.on({"text": "ok"}, reusable=True)
    gateway = gateway_of(server, store, roles={"fix": [FIRST, CHEAP]}, strategies={"fix": "cheapest"})
    escalating = spender(role="fix", models=[FIRST, CHEAP], strategies={"fix": "escalate"})
    for failed in (0, 1):
        await gateway.ask(escalating, f"try-{failed}", "fix", ASK, failed=failed)
        await gateway.ask(escalating, f"try-{failed}", "fix", ASK, failed=failed)
    await gateway.ask(escalating, "plan", "fix", ASK)
    await gateway.ask(spender("other"), "plan", "fix", ASK)
    assert [asked.model for asked in server.requests] == [CHEAP, FIRST, FIRST, CHEAP]


async def test_prompts_are_never_logged(
    server: ScriptedModel,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_LOG", "debug")
    monkeypatch.setenv("OPENAI_LOG", "debug")
    for name in ("anthropic", "openai"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    server.script.on({"fault": "busy"})
    server.script.on({"text": "TELLTALE reply"})
    await gateway_of(server, store).ask(spender(), "prove", "fix", talk("TELLTALE prompt", system="TELLTALE system"))
    written = capfd.readouterr()
    assert "TELLTALE" not in caplog.text + written.out + written.err
    assert "model_answered" in written.out
