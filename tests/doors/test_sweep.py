"""Deliveries that GitHub could not make are not lost.

They are requested again, or read from its log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.doors.webhook.router import Event, Router
from bot.doors.webhook.sweep import Sweep
from bot.github.api.access import GitHubs
from simhub import Hub
from tests.support.door import SECRET, Door, Handled, open_door
from tests.support.keys import key_pair
from tests.support.patience import PATIENCE

router: Router[Handled] = Router()


@router.on("installation")
async def installed(event: Event, handled: Handled) -> None:
    await handled.see(event)


@asynccontextmanager
async def missed(
    tmp_path: Path, count: int, *, poll: bool, mended: bool = True
) -> AsyncIterator[tuple[Hub, Door, Sweep]]:
    """A hub that could not reach the bot ``count`` times; ``mended``: the webhook's address is right by now."""
    async with Hub.start(tmp_path / "hub") as hub, open_door(tmp_path, router) as door:
        app = hub.create_app(
            "forgehand", webhook_secret=SECRET, permissions={"issues": "write"}, events=["issues"], key_pair=key_pair()
        )
        app.webhook_url = "http://127.0.0.1:9/webhook"
        hub.create_repository("octo/sample")
        installation = hub.install(app, "octo", ["octo/sample"])
        for _ in range((count - 1) // 2):
            hub.suspend(installation)
            hub.unsuspend(installation)
        await hub.settled()
        if mended and not poll:
            app.webhook_url = door.url + "/webhook"
        async with aiohttp.ClientSession() as session:
            github = GitHubs.as_app(session, hub.api_url, app.app_id, app.private_key).app
            yield hub, door, Sweep(github, door.store, door.dispatcher.accept, minutes=5, poll=poll, poll_seconds=0.1)


@pytest.mark.parametrize("poll", [False, True])
async def test_missed_deliveries_are_handled_once(tmp_path: Path, poll: bool) -> None:
    async with missed(tmp_path, 5, poll=poll) as (hub, door, sweep):
        assert await sweep.once() == 5
        await hub.settled()
        async with asyncio.timeout(PATIENCE):
            while len(door.handled.events) < 5:
                await asyncio.sleep(0.02)
        for event in door.handled.events:
            assert (await door.ended(event.guid))["error"] is None
        assert await sweep.once() == 0
        assert len(door.handled.events) == len({event.guid for event in door.handled.events}) == 5


async def test_what_cannot_be_delivered_again_is_read_from_the_log(tmp_path: Path) -> None:
    async with missed(tmp_path, 1, poll=False, mended=False) as (hub, door, sweep):
        for _ in range(3):
            assert await sweep.once() == 1
            await hub.settled()
        assert door.handled.events == []
        assert [await sweep.once() for _ in range(3)] == [1, 0, 0]
        async with asyncio.timeout(PATIENCE):
            while not door.handled.events:
                await asyncio.sleep(0.02)


async def test_polling_does_not_wait_for_the_minutes_of_a_sweep(tmp_path: Path) -> None:
    async with missed(tmp_path, 1, poll=True) as (hub, door, sweep):
        running = asyncio.create_task(sweep.run())
        async with asyncio.timeout(PATIENCE):
            while len(door.handled.events) < 1:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
            hub.suspend(next(iter(hub.world.installations.values())))
            await hub.settled()
            while len(door.handled.events) < 2:
                await asyncio.sleep(0.02)
        running.cancel()


async def test_github_away_does_not_end_the_sweep(tmp_path: Path) -> None:
    async with missed(tmp_path, 1, poll=True) as (hub, door, sweep):
        sweep._pause = 0.05
        await hub.close()
        running = asyncio.create_task(sweep.run())
        await asyncio.sleep(0.5)
        assert not running.done()
        running.cancel()
        assert door.handled.events == []
