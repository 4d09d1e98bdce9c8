"""Two servers on one PostgreSQL: one dies or freezes, the other does its work, and GitHub sees everything once."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

from bot.local.hosting import free_port
from simhub.requestlog import RequestRecord
from tests.e2e.answers import BODY, FIXED, JUDGED, PROVED, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.test_crashes import kill_after, killed
from tests.support.story import Story

GOOD = [*PROVED, *FIXED, JUDGED]


async def joined(story: Story, folder: Path) -> Story:
    """A second server beside the first one; webhooks go on to the first."""
    folder.mkdir()
    other = replace(story, root=folder, port=free_port(), process=None)
    await other.start_bot()
    return other


async def everything_is_there_once(story: Story, number: int) -> None:
    assert len(await story.pulls()) == 1
    assert {part: len(texts) for part, texts in (await story.comments(number)).items()} == {"status": 1, "final": 1}
    assert story.script.unmatched == []


async def test_a_delivery_whose_server_died_after_the_202_is_handled_by_the_other(
    tell: Tell, postgres: str, tmp_path: Path
) -> None:
    def asks_who_may(record: RequestRecord) -> bool:
        return record.path.endswith("/collaborators/mara/permission")

    story = await tell(GOOD, FORGEHAND_DATABASE_URL=postgres)
    other = await joined(story, tmp_path / "other")
    try:
        kill_after(story, asks_who_may)
        number = await story.file(TITLE, BODY)
        await killed(story)
        await other.until_status(number, "Done.")
        await everything_is_there_once(story, number)
    finally:
        await other.stop_bot()


async def test_a_frozen_server_keeps_nobody_waiting_for_news(tell: Tell, postgres: str, tmp_path: Path) -> None:
    story = await tell(GOOD, FORGEHAND_DATABASE_URL=postgres)
    other = await joined(story, tmp_path / "other")
    assert story.process is not None
    try:
        story.process.send_signal(signal.SIGSTOP)
        story.app.webhook_url = f"http://127.0.0.1:{other.port}/webhook"
        number = await story.file(TITLE, BODY)
        await other.until_status(number, "Done.")
        story.process.send_signal(signal.SIGCONT)
        await story.until(story.is_ready, what="the first server is awake")
        await everything_is_there_once(story, number)
    finally:
        await other.stop_bot()
