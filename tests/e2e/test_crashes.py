"""SIGKILL in the middle, again and again: the same task goes on, and nobody sees anything twice."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

from bot.sandbox.program import find_bubblewrap
from simhub.requestlog import RequestRecord
from tests.e2e.answers import BODY, FIXED, JUDGED, PROVED, TITLE, Rule
from tests.e2e.conftest import Tell
from tests.e2e.scenes import SAMPLE, branches, during, in_sandbox, purchases, rows
from tests.support.story import Story

SLOW_TEST = """import time
import unittest


class SlowTest(unittest.TestCase):
    def test_slow(self):
        time.sleep(1)
"""


def slow_sample(root: Path) -> Path:
    """The sample with a test that takes long enough to be killed in."""
    source = copytree(SAMPLE, root / "source")
    (source / "tests" / "test_slow.py").write_text(SLOW_TEST)
    return source


def kill_after(story: Story, wanted: Callable[[RequestRecord], bool]) -> None:
    """Kill the bot once: after GitHub has done what was asked, before the bot is told."""

    def look(record: RequestRecord, _: object) -> None:
        if wanted(record):
            story.hub.observers.remove(look)
            assert story.process is not None
            story.process.kill()

    story.hub.observers.append(look)


async def killed(story: Story) -> None:
    def dead() -> bool:
        return story.process is not None and story.process.returncode is not None

    await story.until(dead, what="the bot is killed")


async def restarted(story: Story) -> None:
    """Once the bot is dead, start it again: it ends what its predecessor left."""
    await killed(story)
    before = in_sandbox(story)
    await story.start_bot()
    await story.until(lambda: not before & in_sandbox(story), what="no sandbox of the dead bot is left")


def leave_sandbox(story: Story) -> int:
    """A sandbox as a bot leaves it that is killed before bubblewrap could ask to die with it; its process."""
    script = '"$0" --dev-bind / / --chdir / --setenv LEFT "$1" sleep 600 >/dev/null 2>&1 & echo $!'
    program = find_bubblewrap()
    assert program is not None
    command = ["sh", "-c", script, program, str(story.root / "data" / "work" / "0123456789ab")]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def gate_started(story: Story) -> bool:
    return bool(rows(story, "select 1 from fh_task_event where data like '%gate%started%'"))


async def test_a_task_killed_five_times_ends_as_if_nothing_had_happened(tell: Tell, tmp_path: Path) -> None:
    async def kill() -> None:
        await story.kill_bot()

    asked_when_killed: Rule = during(PROVED[1], kill)
    story = await tell([PROVED[0], asked_when_killed, *PROVED[1:], *FIXED, JUDGED], source=slow_sample(tmp_path))
    number = await story.file(TITLE, BODY)

    await story.until(lambda: in_sandbox(story), what="the tests run as they are")
    await story.kill_bot()
    left = leave_sandbox(story)
    await story.until(lambda: left in in_sandbox(story), what="a sandbox is left")
    await restarted(story)
    assert left not in in_sandbox(story)

    await restarted(story)
    assert len(story.script.requests) == 2

    await story.until(lambda: gate_started(story) and in_sandbox(story), what="the gates run")
    await story.kill_bot()
    kill_after(story, lambda record: record.method == "POST" and record.path.endswith("/git-receive-pack"))
    await restarted(story)

    await killed(story)
    assert len(branches(story)) == 2
    assert await story.pulls() == []
    kill_after(story, lambda record: record.method == "POST" and record.path.endswith("/pulls"))
    await restarted(story)

    await killed(story)
    assert len(await story.pulls()) == 1
    await restarted(story)

    await story.until_status(number, "Done.")
    await everything_is_there_once(story, number)


async def everything_is_there_once(story: Story, number: int) -> None:
    (pull,) = await story.pulls()
    assert branches(story) == [pull["head"]["ref"], "main"]
    comments = await story.comments(number)
    assert {part: len(texts) for part, texts in comments.items()} == {"status": 1, "final": 1}
    assert f"Opened #{pull['number']}" in comments["status"][0]
    assert "fails: `400 != 500` | passes, 3 of 3" in pull["body"]
    bought = purchases(story)
    assert len(story.script.requests) == len(bought) + 1
    repeated = [count for count in Counter(asked.text for asked in story.script.requests).values() if count > 1]
    assert repeated == [2]
    assert story.script.unmatched == []
    assert in_sandbox(story) == set()
    assert len(list((story.root / "data" / "tmp").glob("*/lock"))) == 1, "of six processes one is alive"
    tries = dict(rows(story, "select state, count(*) from fh_model_call group by state"))
    assert tries == {"answered": len(bought), "lost": 1}, "the one that was under way"
    assert rows(story, "select state, active_key from fh_task") == [("done", None)]
