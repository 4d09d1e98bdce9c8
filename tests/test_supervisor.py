"""A loop that ends is started again, and until then nobody is told that it runs."""

from __future__ import annotations

import asyncio
import contextlib

from structlog.testing import capture_logs

from bot.supervisor import Supervisor
from tests.support.patience import PATIENCE


async def test_a_failed_loop_is_logged_and_started_again() -> None:
    starts: list[bool] = []
    failed, again = asyncio.Event(), asyncio.Event()

    async def loop() -> None:
        starts.append(supervisor.alive)
        if len(starts) == 1:
            failed.set()
            raise OSError("the disk is full")
        again.set()
        await asyncio.sleep(60)

    supervisor = Supervisor("janitor", loop, pause=0.1)
    assert not supervisor.alive
    with capture_logs() as logs:
        running = asyncio.create_task(supervisor.run())
        await failed.wait()
        while supervisor.alive:
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            await again.wait()
        assert supervisor.alive
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert starts == [True, True]
    assert [(entry["event"], entry["loop"], entry["exc_info"]) for entry in logs] == [("loop failed", "janitor", True)]
