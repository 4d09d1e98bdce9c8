"""A task's end releases money reserved for calls of a dead process."""

from __future__ import annotations

from bot.engine.port import Outcome
from bot.engine.records import StoreRecords
from bot.store.ledger import Ceilings, Ledger, ModelCall
from bot.store.store import Store
from tests.engine.harness import store_task
from tests.support.models import dollars

DAY = Ceilings(task=5.0, repository_day=5.0, server_day=5.0)


def call(task: str) -> ModelCall:
    return ModelCall(task, "ask-1", "fix", "thinker", "octo/durations", dollars=4.0, input_tokens=9, output_tokens=9)


async def test_an_ended_task_holds_no_money(store: Store) -> None:
    """Its process was killed while a model was asked, and nobody asks again: others may have what was set aside."""
    await store_task(store, "t1")
    await store_task(store, "t2")
    money = Ledger(store)
    assert await money.reserve(call("t1"), DAY) is None
    short = await money.reserve(call("t2"), DAY)
    assert short is not None
    assert (short.limit, short.left) == ("repository_day", 1.0)
    await StoreRecords(store).close("t1", Outcome(state="dead", summary="Given up."))
    assert await money.reserve(call("t2"), DAY) is None
    assert dollars(store, "t1") == 0.0
