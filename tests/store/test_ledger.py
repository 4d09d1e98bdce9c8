"""The ledger on both databases: adding up and writing are one act."""

from __future__ import annotations

import asyncio

import pytest

from bot.store.ledger import Ceilings, Ledger, ModelCall, Settlement
from bot.store.store import Store
from tests.support.models import dollars

WIDE = Ceilings(task=100.0, repository_day=100.0, server_day=100.0)


def call(step: str, dollars: float, *, task: str = "t", model: str = "m", tokens: int = 0) -> ModelCall:
    return ModelCall(task, step, "fix", model, "octo/demo", dollars, input_tokens=tokens, output_tokens=0)


def ended(dollars: float, *, final: bool = True) -> Settlement:
    return Settlement(dollars, 10, 5, 0, 1.5, final=final, reply={"text": "hi"} if final else None)


async def test_concurrent_reservations_fill_the_ceiling_and_no_more(store: Store) -> None:
    ledger = Ledger(store)
    day = Ceilings(task=100.0, repository_day=100.0, server_day=1.0)
    calls = (call(f"s{n}", 0.1, task=f"t{n % 4}") for n in range(40))
    refused = [short for short in await asyncio.gather(*(ledger.reserve(one, day) for one in calls)) if short]
    assert len(refused) == 30
    assert {short.limit for short in refused} == {"server_day"}


async def test_settling_gives_back_what_was_not_needed(store: Store) -> None:
    ledger = Ledger(store)
    task = Ceilings(task=1.0, repository_day=100.0, server_day=100.0)
    assert await ledger.reserve(call("one", 0.9), task) is None
    short = await ledger.reserve(call("two", 0.2), task)
    assert short is not None
    assert (short.limit, short.ceiling) == ("task", 1.0)
    assert short.left == pytest.approx(0.1)
    await ledger.settle("t", "one", ended(0.05))
    assert await ledger.reserve(call("two", 0.2), task) is None
    assert dollars(store, "t") == pytest.approx(0.05)


async def test_a_settlement_counts_once_though_it_is_written_again(store: Store) -> None:
    """Its commit succeeded, but the connection broke before that was heard."""
    ledger = Ledger(store)
    await ledger.reserve(call("one", 0.9), WIDE)
    for _ in range(2):
        await ledger.settle("t", "one", ended(0.05))
    assert dollars(store, "t") == pytest.approx(0.05)


async def test_only_a_final_answer_is_given_again(store: Store) -> None:
    ledger = Ledger(store)
    assert await ledger.bought("t", "one") is None
    await ledger.reserve(call("one", 0.5), WIDE)
    assert await ledger.bought("t", "one") is None
    await ledger.settle("t", "one", ended(0.1, final=False))
    assert await ledger.bought("t", "one") is None
    await ledger.reserve(call("one", 0.5, model="another"), WIDE)
    await ledger.settle("t", "one", ended(0.2))
    assert await ledger.bought("t", "one") == {"text": "hi"}
    assert dollars(store, "t") == pytest.approx(0.3)


async def test_a_retry_that_no_longer_fits_frees_what_it_held(store: Store) -> None:
    ledger = Ledger(store)
    task = Ceilings(task=1.0, repository_day=100.0, server_day=100.0)
    await ledger.reserve(call("one", 0.9), task)
    assert await ledger.reserve(call("one", 1.1), task) is not None
    assert await ledger.reserve(call("two", 1.0), task) is None


async def test_tokens_are_limited_by_task_and_model(store: Store) -> None:
    ledger = Ledger(store)
    few = Ceilings(task=100.0, repository_day=100.0, server_day=100.0, task_tokens=100)
    assert await ledger.reserve(call("one", 0.0, tokens=90), few) is None
    short = await ledger.reserve(call("two", 0.0, tokens=20), few)
    assert short is not None
    assert (short.limit, short.left) == ("task_tokens", 10)
    assert await ledger.reserve(call("two", 0.0, tokens=20, model="another"), few) is None
    await ledger.settle("t", "one", ended(0.0))
    assert await ledger.reserve(call("three", 0.0, tokens=85), few) is None
