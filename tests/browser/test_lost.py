"""A page that is open while its server is killed and started again."""

from __future__ import annotations

import pytest

from bot.doors.room.sessions import make_session
from bot.store import sessions, tasks
from bot.store.database import create_engine
from bot.store.sessions import SeenRepository
from bot.store.store import Store
from bot.types import Actor, Repository
from tests.browser.chromium import browsing, open_tab
from tests.doors.room.test_live import waits
from tests.support.patience import PATIENCE
from tests.test_serve import Server, server

__all__ = ["server"]
pytestmark = pytest.mark.needs("chromium")


async def test_an_open_page_says_that_it_is_cut_off_and_catches_up(server: Server) -> None:
    place = Repository(id=9, owner="octo", name="sample", installation=1)
    store = Store(create_engine(f"sqlite:///{server.settings['FORGEHAND_DATA_DIR']}/forgehand.db"))
    store.migrate()
    task = await waits(store, place)
    seen = [SeenRepository(repository=place, role="read")]
    session, secret = make_session(Actor(login="mara", id=7), "a test", seen)
    await store.run(sessions.add, session)
    process = await server.start()
    await server.until_lacking()
    origin = f"http://127.0.0.1:{server.port}"
    async with browsing() as browser:
        context = await browser.new_context()
        await context.add_cookies([{"name": "forgehand-session", "value": secret, "url": origin}])
        page = (await open_tab(context)).page
        page.set_default_timeout(PATIENCE * 1000)
        await page.goto(f"{origin}/room/tasks/{task}")
        await store.run(
            tasks.add_event, task, "stage", {"stage": "read", "state": "started", "text": "by another process"}
        )
        await page.get_by_text("by another process").first.wait_for(state="attached")
        process.kill()
        await process.wait()
        await page.get_by_text("The connection is lost").wait_for()
        await store.run(tasks.add_event, task, "stage", {"stage": "read", "state": "done", "text": "while it was down"})
        await server.start()
        await server.until_lacking()
        await page.get_by_text("while it was down").first.wait_for(state="attached")
        await page.locator("#live-note").wait_for(state="hidden")
    store.close()
