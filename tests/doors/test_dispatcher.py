"""Stored deliveries are handled at least once, whatever handlers do and whenever the process ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from bot.doors.webhook.router import DeliveryRefused, Event, Router
from bot.store import deliveries
from bot.store.deliveries import Delivery
from bot.types import Actor, ForgehandError, Repository
from tests.support.door import Door, Handled, open_door
from tests.support.processes import until

router: Router[Handled] = Router()
other: Router[Handled] = Router()
slow: Router[Handled] = Router()


class Impossible(ForgehandError):
    """Raised by a handler for what can never succeed."""


class Away(ForgehandError):
    """Raised by a handler while GitHub is away."""


@router.on("issues", "opened")
async def opened(event: Event, handled: Handled) -> None:
    await handled.see(event)


@other.on("issues")
async def any_issue(event: Event, handled: Handled) -> None:
    handled.events.append(event)


@slow.on("push")
async def pushed(event: Event, handled: Handled) -> None:
    handled.events.append(event)
    await asyncio.sleep(30)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path, Router.merged(router, other), permanent=(Impossible,), outages=(Away,)) as door:
        yield door


async def test_one_failing_handler_does_not_stop_the_other_and_only_it_is_repeated(door: Door) -> None:
    door.handled.errors = [RuntimeError("first"), OSError("second")]
    await door.deliver("issues", {"action": "opened"}, guid="g")
    assert (await door.ended("g"))["error"] is None
    assert len(door.handled.events) == 4, "any_issue once, opened three times"


async def test_failure_is_recorded_and_a_redelivery_is_done_again(door: Door) -> None:
    door.handled.errors = [ValueError(f"no {n}") for n in range(3)]
    await door.deliver("issues", {"action": "opened"}, guid="g")
    assert (await door.ended("g"))["error"] == "ValueError: no 2"
    assert (await door.store.run(deliveries.measure_depth)).failed == 1
    assert await door.deliver("issues", {"action": "opened"}, guid="g") == (202, "Stored.")
    assert (await door.ended("g"))["error"] is None
    assert (await door.store.run(deliveries.measure_depth)).failed == 0


async def test_an_outage_is_waited_for_longer_than_a_failure(door: Door) -> None:
    door.handled.errors = [Away("no answer") for _ in range(5)]
    await door.deliver("issues", {"action": "opened"}, guid="g")
    assert (await door.ended("g"))["error"] is None
    door.handled.errors = [Away("no answer") for _ in range(7)]
    await door.deliver("issues", {"action": "opened"}, guid="h")
    assert (await door.ended("h"))["error"] == "no answer"


async def test_a_rate_limit_is_waited_for_as_long_as_it_says(door: Door) -> None:
    door.handled.errors = [Away("limited", retry_after=0.5)]
    begun = time.monotonic()
    await door.deliver("issues", {"action": "opened"}, guid="g")
    assert (await door.ended("g"))["error"] is None
    assert time.monotonic() - begun >= 0.5


async def test_permanent_failures_are_not_repeated(door: Door) -> None:
    door.handled.errors = [Impossible("The label is gone."), RuntimeError("never asked")]
    await door.deliver("issues", {"action": "opened"}, guid="g")
    assert (await door.ended("g"))["error"] == "The label is gone."
    assert len(door.handled.events) == 2


async def test_what_a_dead_process_left_open_is_handled_at_start(tmp_path: Path) -> None:
    async with open_door(tmp_path, slow) as door:
        await door.deliver("push", {}, guid="running")
        await until(lambda: door.handled.events)
        await door.inbox.put(Delivery("never told", "push", b"{}"))
        assert len(door.handled.events) == 1
        for worker in door.dispatcher._workers:
            worker.cancel()
    again: Router[Handled] = Router()
    again.on("push")(any_issue)
    async with open_door(tmp_path, again) as door:
        await door.ended("running")
        await door.ended("never told")
        assert sorted(event.guid for event in door.handled.events) == ["never told", "running"]


async def test_log_context_names_delivery_and_repository(tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []
    watching: Router[Handled] = Router()

    @watching.on("issues", "labeled")
    async def watch(event: Event, handled: Handled) -> None:
        seen.append(structlog.contextvars.get_contextvars())

    payload = {
        "action": "labeled",
        "repository": {"id": 1, "name": "sample", "owner": {"login": "octo"}},
        "installation": {"id": 2},
    }
    async with open_door(tmp_path, watching) as door:
        await door.deliver("issues", payload, guid="g")
        await door.ended("g")
    assert seen == [{"delivery": "g", "event_name": "issues", "repository": "octo/sample"}]


def test_hostile_payloads_are_read_leniently() -> None:
    for payload in (
        b'{"action": ["x"], "repository": [], "sender": 3, "installation": "y", "issue": null}',
        b'{"action": {}, "repository": {"id": true, "owner": []}, "sender": {"id": "1", "login": ""}}',
    ):
        event = Event.parse("g", "issues", payload)
        assert (event.action, event.repository(), event.sender(), event.installation, event.number) == (None,) * 5
        assert router.handlers(event.name, event.action) == ()
    good = Event.parse(
        "g",
        "issues",
        b'{"repository": {"id": 7, "name": "r", "owner": {"login": "o"}, "default_branch": "trunk", "private": true},'
        b' "installation": {"id": 9}, "sender": {"id": 5, "login": "ann"}, "issue": {"number": 3}}',
    )
    assert good.repository() == Repository(
        id=7, owner="o", name="r", installation=9, default_branch="trunk", private=True
    )
    assert good.sender() == Actor(login="ann", id=5, type="User")
    assert good.number == 3
    with pytest.raises(DeliveryRefused):
        Event.parse("g", "issues", b"null")
