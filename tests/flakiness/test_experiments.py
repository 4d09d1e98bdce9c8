"""Examinations in the sandbox: each kind of flaky test is told by what shows it, and a steady one is not called one."""

from __future__ import annotations

import pytest

from bot.flakiness.experiments import find_cause, run_all_orders, run_alone
from bot.flakiness.records import Examination, Tally
from bot.sandbox.port import Limits
from bot.settings import Settings
from bot.work.workshop import Workshop
from tests.flakiness.zoo import FILES
from tests.work.test_workshop import Repository

A, B = "tests/test_a.py", "tests/test_b.py"
LIMITS = Limits(seconds=60)
PASSES, FAILS = Tally(name="alone", passed=10), Tally(name="alone", failed=10)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    repository = Repository(tmp_path_factory.mktemp("zoo"))
    return repository.task("task", repository.commit(FILES), settings=Settings())


async def examine(workshop: Workshop, test: str, alone: Tally) -> Examination:
    experiment = await run_all_orders(workshop, test, alone, 60)
    return await find_cause(workshop, experiment, 60, LIMITS)


async def test_a_victim_and_its_polluter(workshop: Workshop) -> None:
    found = await examine(workshop, f"{A}::test_victim", PASSES)
    assert (found.kind, found.others, found.confirmed) == ("victim", (f"{B}::test_polluter",), True)
    assert found.commands[0] == f"python -m pytest {B}::test_polluter {A}::test_victim"
    assert "assert 9 == 1" in found.message
    assert any("did not reach the end" in note for note in found.notes), "an order that kills pytest is no observation"


async def test_a_brittle_test_and_what_prepares_it(workshop: Workshop) -> None:
    found = await examine(workshop, f"{B}::test_brittle", FAILS)
    assert (found.kind, found.others, found.confirmed) == ("brittle", (f"{B}::test_prepares",), True)


async def test_chance_is_no_order(workshop: Workshop) -> None:
    assert (await run_alone(workshop, f"{A}::test_steady", 2, LIMITS)).passed == 2
    found = await examine(workshop, f"{A}::test_chance", PASSES)
    assert found.kind == "non-deterministic"


async def test_a_time_zone_is_named(workshop: Workshop) -> None:
    found = await examine(workshop, f"{A}::test_zone", PASSES)
    assert (found.kind, found.commands) == ("environment", (f"TZ=UTC-14 python -m pytest {A}::test_zone",))


async def test_what_always_fails_is_broken_and_what_always_passes_is_not_shown(workshop: Workshop) -> None:
    assert (await examine(workshop, f"{A}::test_broken", FAILS)).kind == "broken"
    steady = await examine(workshop, f"{A}::test_steady", PASSES)
    assert (steady.kind, steady.flaky) == ("not shown", False)
    assert "would have shown it" in steady.reason
