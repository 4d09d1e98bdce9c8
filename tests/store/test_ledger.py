"""The ledger on both databases: adding up and writing are one act, whoever else spends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, date

import pytest
import sqlalchemy as sa

from bot.store import limit_uses, limits, tasks, usage, usage_sums
from bot.store.database import now_ms
from bot.store.ledger import Ledger, ModelCall, Settlement, release, release_orphans
from bot.store.limits import Limit, LimitScope, Strength
from bot.store.store import Store
from bot.store.tables import model_call, passing_limit
from bot.store.tasks import NewTask
from bot.store.usage import UsageRow
from bot.store.usage_spans import Span
from bot.types import Period
from tests.support.models import dollars

WIDE: list[Limit] = []
TASK = {"id": "t", "flow": "fix", "source": "api", "installation": 1, "repository": "octo/demo", "actor": "mara"}
TASK |= {"argument": {}}


def call(step: str, dollars: float, *, task: str = "t", model: str = "m", tokens: int = 0, key: str = "") -> ModelCall:
    worst = round(dollars * 1_000_000)
    return ModelCall(
        task, step, "fix", model, "octo/demo", worst, tokens, 0, key=key, person="mara", prices="2026-11-30"
    )


def ended(dollars: float, *, final: bool = True) -> Settlement:
    return Settlement(
        round(dollars * 1_000_000), 10, 5, 0, 0, 1.5, final=final, reply={"text": "hi"} if final else None
    )


def most(scope: LimitScope, name: str, dollars: float, period: Period = "day") -> list[Limit]:
    return [Limit(scope=scope, name=name, period=period, ceiling=round(dollars * 1_000_000), given_by="policy")]


def used(store: Store) -> UsageRow:
    (row,) = store.run_sync(lambda c: usage.sum_usage(c, "role", date(2020, 1, 1), date(2099, 1, 1), None, UTC))
    return row


_FIFTY = """
import asyncio, sys
from bot.store.database import create_engine
from bot.store.ledger import Ledger
from bot.store.store import Store
from tests.store.test_ledger import call, ended, most

async def main():
    ledger = Ledger(Store(create_engine(url)))
    async def spend(number):
        mine = call(f"s{number}", 1.0, task=sys.argv[1])
        if await ledger.reserve(mine, most("repository", "octo/demo", 10.0)) is not None:
            return 0
        await ledger.settle(mine, ended(1.0))
        return 1
    print(sum(await asyncio.gather(*(spend(number) for number in range(25)))))

url = sys.stdin.readline().strip()
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""


def test_fifty_calls_of_two_processes_do_not_exceed_a_limit_by_a_cent(database: str, store: Store) -> None:
    command = [sys.executable, "-c", _FIFTY]
    spenders = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    for said in (f"{database}\n", "go\n"):
        for one in spenders:
            assert one.stdin is not None
            assert one.stdout is not None
            one.stdin.write(said)
            one.stdin.flush()
            assert said == "go\n" or one.stdout.readline() == "ready\n"
    paid = [int(one.communicate()[0]) for one in spenders]
    assert sum(paid) == 10
    assert used(store)[1:3] == (10_000_000, 10)
    assert used(store).refused == 40


async def test_settling_gives_back_what_was_not_needed(store: Store) -> None:
    ledger = Ledger(store)
    task = most("task", "t", 1.0, "total")
    first = call("one", 0.9)
    assert await ledger.reserve(first, task) is None
    short = await ledger.reserve(call("two", 0.2), task)
    assert short is not None
    assert (short.limit, short.ceiling, short.left) == (task[0], 1_000_000, 100_000)
    for _ in range(2):  # its commit succeeded, but the connection broke before that was heard
        await ledger.settle(first, ended(0.05))
    assert await ledger.reserve(call("two", 0.95), task) is None
    assert dollars(store, "t") == 0.05


async def test_only_a_final_answer_is_given_again_and_every_try_keeps_its_model(store: Store) -> None:
    ledger = Ledger(store)
    tries = [call("one", 0.5), call("one", 0.5, model="another"), call("two", 0.5)]
    for one, cost in zip(tries, (0.1, 0.2, 0.0), strict=True):
        assert await ledger.bought("t", one.step) is None
        assert await ledger.reserve(one, WIDE) is None
        assert await ledger.reserve(one, WIDE) is None, "the same one again, where the answer of the commit was lost"
        await ledger.settle(one, ended(cost, final=one.model == "another"))
    assert await ledger.bought("t", "one") == {"text": "hi"}
    rows = store.run_sync(lambda c: usage.sum_usage(c, "model", date(2020, 1, 1), date(2099, 1, 1), None, UTC))
    assert [(row.key, row.micro_dollars, row.calls, row.lost) for row in rows] == [
        ("another", 200_000, 1, 0),
        ("m", 100_000, 2, 0),
    ]
    assert set(store.run_sync(lambda c: c.execute(sa.select(model_call.c.prices)).scalars())) == {"2026-11-30"}


async def test_a_try_whose_process_died_counts_at_its_worst_until_it_is_heard_of(store: Store) -> None:
    ledger = Ledger(store)
    task = most("task", "t", 1.0, "total")
    died = call("one", 0.6)
    assert await ledger.reserve(died, task) is None
    short = await ledger.reserve(call("one", 0.6), task)
    assert short is not None
    assert short.left == 400_000
    store.run_sync(release, "t")
    now = Span(now_ms() - 3_600_000, now_ms() + 3_600_000)
    assert store.run_sync(usage_sums.fold, now)
    assert used(store)[1:] == (0, 0, 0, 0, 0, 0, 1, 600_000, 1, 0, 0)
    await ledger.settle(died, ended(0.1))  # it was not dead, but frozen
    assert used(store)[1:] == (100_000, 1, 10, 5, 0, 0, 0, 0, 1, 0, 0)
    assert store.run_sync(usage_sums.fold, now)
    assert await ledger.reserve(call("one", 0.6), task) is None
    assert used(store)[1:] == (100_000, 1, 10, 5, 0, 0, 0, 0, 0, 1, 600_000)
    assert not store.run_sync(usage_sums.fold, now), "a call is under way"


async def test_what_a_dead_test_of_a_key_has_set_aside_is_given_up(store: Store) -> None:
    ledger = Ledger(store)
    store.run_sync(lambda c: tasks.create(c, NewTask.model_validate(TASK)))
    for name in ("test-1", "t"):
        assert await ledger.reserve(call("probe-1", 0.5, task=name), WIDE) is None
    assert store.run_sync(release_orphans, now_ms() - 1000) == 0, "it may be under way"
    assert (used(store).open, used(store).open_micro_dollars) == (2, 1_000_000)
    assert store.run_sync(release_orphans, now_ms() + 1) == 1, "a task's are its own"
    assert (used(store).lost, used(store).open) == (1, 1)


async def test_tokens_are_limited_by_task_and_model(store: Store) -> None:
    ledger = Ledger(store)
    first = call("one", 0.0, tokens=90)
    assert await ledger.reserve(first, WIDE, 100) is None
    short = await ledger.reserve(call("two", 0.0, tokens=20), WIDE, 100)
    assert short is not None
    assert (short.limit, short.left) == (None, 10)
    assert await ledger.reserve(call("two", 0.0, tokens=20, model="another"), WIDE, 100) is None
    await ledger.settle(first, ended(0.0))
    assert await ledger.reserve(call("three", 0.0, tokens=85), WIDE, 100) is None


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        ("instance", ""),
        ("organisation", "Octo"),
        ("repository", "octo/Demo"),
        ("person", "MARA"),
        ("key", "k1"),
        ("task", "t"),
    ],
)
async def test_an_operators_limit_holds_from_the_next_call_on(store: Store, scope: LimitScope, name: str) -> None:
    ledger = Ledger(store)
    for number, (ceiling, fits) in enumerate([(0.5, True), (0.5, False), (1.0, True), (0.0, False)]):
        limit = Limit(scope=scope, name=name, period="month", ceiling=round(ceiling * 1_000_000))
        store.run_sync(limits.set_limit, limit, "root")
        short = await ledger.reserve(call(f"s{number}", 0.5, key="k1"), WIDE)
        assert (short is None) == fits
        assert short is None or short.limit is not None
    (use,) = store.run_sync(lambda c: limit_uses.list_uses(c, limits.list_limits(c), UTC))
    assert (use.limit.ceiling, use.held) == (0, 1_000_000)
    assert store.run_sync(limits.remove_limit, use.limit)
    assert await ledger.reserve(call("last", 0.5, key="k1"), WIDE) is None


async def test_a_raise_ends_by_itself(store: Store) -> None:
    ledger = Ledger(store)
    lasting = Limit(scope="repository", name="Octo/Demo", period="month", ceiling=500_000)
    raised = lasting.model_copy(update={"ceiling": 2_000_000, "until": now_ms() + 3_600_000})
    for limit in (lasting, raised):
        store.run_sync(limits.set_limit, limit, "root")
    assert store.run_sync(limits.list_limits) == [raised], "what it stands before is not told twice"
    assert await ledger.reserve(call("one", 1.5), WIDE) is None
    store.run_sync(lambda c: c.execute(passing_limit.update().values(until=now_ms())))
    assert store.run_sync(limits.list_limits) == [lasting]
    assert await ledger.reserve(call("two", 0.1), WIDE) is not None
    store.run_sync(limits.set_limit, raised, "root")
    store.run_sync(limits.set_limit, lasting, "root")
    assert store.run_sync(limits.list_limits) == [lasting], "what is set anew ends the raise"


async def test_an_operator_replaces_the_settings_but_not_the_policy(store: Store) -> None:
    ledger = Ledger(store)
    settings = Limit(scope="instance", name="", period="day", ceiling=500_000, given_by="settings")
    store.run_sync(limits.set_limit, settings.model_copy(update={"ceiling": 2_000_000}), "root")
    store.run_sync(limits.set_limit, most("repository", "octo/demo", 9.0)[0], "root")
    assert await ledger.reserve(call("one", 1.0), [settings]) is None
    short = await ledger.reserve(call("two", 0.6), [settings, *most("repository", "octo/demo", 1.5)])
    assert short is not None
    assert short.limit is not None
    assert (short.limit.given_by, short.left) == ("policy", 500_000)


async def test_what_a_person_may_spend_in_an_organisation_counts_there_only(store: Store) -> None:
    ledger = Ledger(store)

    def within(owner: str, strength: Strength = "hard") -> Limit:
        limit = most("person", "mara", 1.0)[0]
        return limit.model_copy(update={"given_by": "organisation", "within": owner, "strength": strength})

    assert await ledger.reserve(call("one", 0.6), [within("octo")]) is None
    assert await ledger.reserve(call("two", 0.6), [within("other")]) is None, "that is another's money"
    short = await ledger.reserve(call("three", 0.6), [within("octo")])
    assert short is not None
    assert short.limit is not None
    assert short.limit.subject == "The person mara in octo"
    soft = [within("octo", "soft"), within("other", "soft")]
    last = call("four", 0.6)
    assert await ledger.reserve(last, soft) is None
    assert [notice.limit.within for notice in await ledger.settle(last, ended(0.6), soft)] == ["octo"]


async def test_a_soft_limit_tells_each_share_once_however_many_settle_at_once(store: Store) -> None:
    ledger = Ledger(store)
    soft = Limit(scope="repository", name="Octo/demo", period="day", ceiling=1_000_000, strength="soft")
    store.run_sync(limits.set_limit, soft, "root")
    calls = [call(f"s{number}", 0.3) for number in range(12)]
    for one in calls:
        assert await ledger.reserve(one, WIDE) is None, "a soft limit refuses nothing"
    told = await asyncio.gather(*(ledger.settle(one, ended(0.1)) for one in calls))
    assert await ledger.settle(calls[0], ended(0.1)) == []
    shares = [str(notice) for notices in told for notice in notices]
    assert sorted(share.split()[4] for share in shares) == ["100", "50", "80"]
    hard = soft.model_copy(update={"strength": "hard"})
    assert store.run_sync(limits.list_shares, [hard, soft], UTC) == [(), (50, 80, 100)]
    total = soft.model_copy(update={"period": "total", "ceiling": 2_000_000, "name": "octo/demo"})
    store.run_sync(limits.note_shares, [total], UTC)
    assert store.run_sync(limits.forget_notices, now_ms()) == 3
    assert store.run_sync(limits.list_shares, [soft, total], UTC) == [(), (50,)], "what was paid in total is never over"
    events = store.run_sync(tasks.list_events, "t")
    assert sorted(event.data["text"] for event in events) == sorted(shares)
    assert shares[0].startswith("This repository has used ")
