"""A task's end gives up the calls of a dead process."""

from __future__ import annotations

from datetime import UTC, date

from bot.engine.port import Outcome
from bot.engine.records import StoreRecords
from bot.store import usage
from bot.store.ledger import Ledger, ModelCall
from bot.store.limits import Limit
from bot.store.store import Store
from tests.engine.harness import store_task
from tests.support.models import dollars

DAY = [Limit(scope="repository", name="octo/durations", period="day", ceiling=5_000_000)]


def call(task: str) -> ModelCall:
    return ModelCall(task, "ask-1", "fix", "thinker", "octo/durations", 4_000_000, 9, 9)


async def test_what_died_with_its_task_counts_and_is_told_apart(store: Store) -> None:
    """Its process was killed while a model was asked, and nobody asks again, nor knows what the provider billed."""
    await store_task(store, "t1")
    await store_task(store, "t2")
    money = Ledger(store)
    assert await money.reserve(call("t1"), DAY) is None
    short = await money.reserve(call("t2"), DAY)
    assert short is not None
    assert (short.limit, short.left) == (DAY[0], 1_000_000)
    await StoreRecords(store).close("t1", Outcome(state="dead", summary="Given up."))
    assert await money.reserve(call("t2"), DAY) == short
    assert dollars(store, "t1") == 0.0
    (row,) = store.run_sync(lambda c: usage.sum_usage(c, "task", date(2026, 1, 1), date(2099, 1, 1), None, UTC))
    assert (row.micro_dollars, row.calls, row.lost, row.lost_micro_dollars, row.refused) == (0, 0, 1, 4_000_000, 1)
