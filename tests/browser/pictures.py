"""Make the pictures of the control room in README and docs: ``python -m tests.browser.pictures``.

What they show happened: a bot fixed the sample's bug and answered a question, before the pictures were taken.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bot.store import tasks
from tests.browser.chromium import SCHEMES, Tab, browsing, open_tab, signed_in
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import SAMPLE
from tests.support.api import asker, opened
from tests.support.room import visitor
from tests.support.story import Story, told

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 1180, "height": 760}
ANSWER = {"match": {"text": "Where are prices added up?"}, "reply": {"text": "In `basket/prices.py:1`."}}


async def work(story: Story) -> str:
    """Have a bug fixed, a question answered, and a plan wait for somebody; the id of the fix."""
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    program = asker(story, story.maintainer)
    (fixed,) = [
        each["id"]
        for each in (await program.get(f"/api/v1/tasks?repository={story.repository.full_name}")).data["items"]
    ]
    asked = (await program.start("ask", number, text="Where are prices added up?")).data["id"]
    while not (await program.get(f"/api/v1/tasks/{asked}")).data["ended"]:
        await asyncio.sleep(0.2)
    waiting = (await program.start("plan", await story.file("Round to cents", "Half up.", label=None))).data["id"]
    with opened(story) as store:
        told = {"state": "awaiting_approval", "summary": "The plan has 3 steps.", "data": {}}
        store.run_sync(tasks.close, waiting, "awaiting_approval", told)
    return str(fixed)


async def take(tab: Tab, address: str, name: str) -> None:
    """Take a page's picture, light and dark."""
    for scheme in SCHEMES:
        await tab.page.emulate_media(color_scheme=scheme)
        await tab.page.goto(address)
        await tab.page.screenshot(path=IMAGES / f"room-{name}-{scheme}.png")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with told(Path(folder), SAMPLE, [*GOOD, ANSWER]) as story, browsing() as browser:
            fixed = await work(story)
            guest = await visitor(story, story.maintainer)
            tab = await open_tab(await signed_in(browser, guest))
            await tab.page.set_viewport_size(SIZE)
            room = f"{guest.origin}/room"
            for name, path in (("home", ""), ("task", f"/tasks/{fixed}"), ("usage", "/usage?by=role")):
                await take(tab, room + path, name)


if __name__ == "__main__":
    asyncio.run(main())
