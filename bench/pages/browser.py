"""See how soon a browser shows what another process wrote."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
from importlib.util import find_spec
from pathlib import Path

from bench.pages.data import WAITING_TASK

# A part of the page that was swapped; clocks that tick are none.
_SWAPPED = """() => new Promise((done) => new MutationObserver((seen) => {
  if (seen.some((one) => [...one.addedNodes].some((node) => (node.id || "").startsWith("live-")))) done(Date.now());
}).observe(document.querySelector("[data-live]"), { childList: true, subtree: true }))"""
_WRITE = """
import sys, time
from bot.store import tasks
from bot.store.database import create_engine
from bot.store.store import Store
store = Store(create_engine(sys.argv[1]))
store.run_sync(tasks.add_event, sys.argv[2], "stage", {"stage": sys.argv[3]})
print(time.time() * 1000)
"""


async def time_events(port: int, cookie: tuple[str, str], database: Path, count: int) -> float | None:
    """Return the median seconds from an event's commit to the page that shows it; None without a browser.

    ``make browser`` installs what drives it.
    """
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        return None
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            context = await browser.new_context()
            await context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": f"http://127.0.0.1:{port}"}])
            page = await context.new_page()
            await page.goto(f"http://127.0.0.1:{port}/room/tasks/{WAITING_TASK}")
            await page.wait_for_timeout(1000)  # the stream is open by then
            taken = []
            for number in range(count):
                seen = asyncio.create_task(page.evaluate(_SWAPPED))
                await asyncio.sleep(0.1)
                written = await _write(database, f"bench-{number}")
                async with asyncio.timeout(30):
                    taken.append((await seen - written) / 1000)
            return float(statistics.median(taken))
        finally:
            await browser.close()


async def _write(database: Path, stage: str) -> float:
    """Write an event in a process of its own; return when it was committed, in ms."""
    command = [sys.executable, "-c", _WRITE, f"sqlite:///{database}", WAITING_TASK, stage]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await child.communicate()
    return float(told)
