"""Taking the label away stops the work at once, whatever it is doing; putting it back starts it anew."""

from __future__ import annotations

import asyncio
from typing import Any

from simhub.model_formats import ModelRequest
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import about, branches, in_sandbox, place, put, rows
from tests.support.patience import PATIENCE
from tests.support.story import LABEL, Story

SLEEPS = """import time
import unittest


class SleepTest(unittest.TestCase):
    def test_sleeps_until_it_is_killed(self):
        time.sleep(100_000)
"""
QUICK = SLEEPS.replace("time.sleep(100_000)", "time.sleep(0)")
SLOW_TITLE = "Prices lose their cents slowly"


async def unlabel(story: Story, number: int) -> str:
    """Take the label away; the status once it says so, which must be soon."""
    await story.request("DELETE", f"/issues/{number}/labels/{LABEL}")
    return await story.until_status(number, "Cancelled.")


async def cancelled(story: Story, number: int) -> None:
    assert await story.pulls() == []
    assert branches(story) == ["main"]
    assert set(await story.comments(number)) == {"status"}
    name = story.repository.full_name
    ((state, active, asked, ended),) = rows(
        story,
        "select state, active_key, (select max(received) from fh_delivery where event = 'issues'), ended"
        " from fh_task where repository = ?",
        name,
    )
    assert (state, active) == ("cancelled", None)
    assert ended - asked < 1000 * PATIENCE, "it did not wait for the model or the tests"


async def test_without_its_label_a_task_stops_within_seconds_and_a_new_label_starts_anew(tell: Tell) -> None:
    asking, gone = asyncio.Event(), asyncio.Event()

    async def never(_: ModelRequest) -> dict[str, Any]:
        asking.set()
        await gone.wait()
        return {"fault": "down"}

    story = await tell([])
    slow = place(story, "slow")
    await put(slow, "tests/test_sleep.py", SLEEPS)
    story.script.on(never, text=TITLE)
    story.script.extend([*about(TITLE, GOOD), *about(SLOW_TITLE, GOOD)])

    number = await story.file(TITLE, BODY)
    async with asyncio.timeout(PATIENCE):
        await asking.wait()
    status = await unlabel(story, number)
    assert status.startswith("Cancelled. mara removed the label.\n")
    assert "Add the label again or comment `/retry` to start a new attempt." in status
    await cancelled(story, number)
    gone.set()

    other = await slow.file(SLOW_TITLE, BODY)
    await slow.until(lambda: in_sandbox(slow), what="the tests run")
    await unlabel(slow, other)
    await cancelled(slow, other)
    await slow.until(lambda: not in_sandbox(slow), what="no sandbox is left")

    work = story.root / "data" / "work"
    assert list(work.iterdir())
    await story.stop_bot()
    await story.start_bot()
    await story.until(lambda: not list(work.iterdir()), what="the janitor has removed what cancelled tasks left")

    await put(slow, "tests/test_sleep.py", QUICK)
    slow.process = story.process
    await asyncio.gather(slow.label(other), story.label(number))
    await story.until_status(number, "Done.")
    await slow.until_status(other, "Done.")
