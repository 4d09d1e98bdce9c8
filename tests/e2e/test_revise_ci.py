"""A pull request of the bot's is mended when CI fails, a few times, and never over what people pushed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from simhub.workflows import Job
from tests.e2e.answers import FIX, GOOD, calls, change, edit, finish
from tests.e2e.conftest import Tell
from tests.e2e.revisions import CONSTANT, PRICES, REVISE, finals, fixed, may_read_logs, met, revises
from tests.e2e.scenes import SAMPLE, git, rows
from tests.support.pulls import pull, push
from tests.support.story import Story
from tests.support.typing import comment, reactions


async def red(story: Story, branch: str, log: str) -> None:
    """CI fails on the branch as it is."""
    run = await story.hub.start_workflow(story.repository, git(story, "rev-parse", branch), branch)
    await story.hub.finish_workflow(run, [Job("test", "failure", f"{log}\n##[error]exit 1\n"), Job("lint")])


def new_line(number: int) -> str:
    return f"docs/line{number}.md\n<<<<<<< SEARCH\n=======\nLine {number}\n>>>>>>> REPLACE\n"


async def test_commits_of_people_are_never_overwritten_and_red_ci_is_looked_into_twice(tell: Tell) -> None:
    story = await tell([*GOOD])
    may_read_logs(story)
    number, branch = await fixed(story)

    async def pushes(_: Any) -> dict[str, Any]:
        await push(story, branch, {"README.md": "Hello\n"}, onto=branch)
        return calls(edit(CONSTANT))

    story.script.extend(
        [
            {"match": {"system": REVISE}, "reply": pushes},
            *revises(calls(finish("", "CENTS has a name."))),
            met(True),
        ]
    )
    written = await comment(story, number, "/revise Give the 100 a name.")
    (final,) = await finals(story, number, 1)
    assert "Somebody pushed to the branch while I worked." in final
    assert git(story, "show", f"{branch}:README.md") == "Hello"
    assert "CENTS" not in git(story, "show", f"{branch}:{PRICES}")
    assert await reactions(story, written) == ["eyes"]
    calls_before = len(story.script.requests)
    await red(story, branch, "E   assert 1 == 2")
    await story.hub.settled()
    assert len(await finals(story, number, 1)) == 1, "the head is somebody else's now"
    for attempt in (1, 2):
        await push(story, branch, {}, onto="main", message="Start over")
        story.script.extend([*revises(calls(edit(new_line(attempt))), calls(finish("", "A line."))), met(True)])
        await comment(story, number, f"/revise Add line {attempt}.")
        await finals(story, number, 2 * attempt)
        await red(story, branch, "E   assert 1 == 2" if attempt == 1 else "curl: Could not resolve host: pypi.org")
        await finals(story, number, 2 * attempt + 1)
    second, last = [text for text in await finals(story, number, 5) if "I changed nothing" in text][-2:]
    assert "I could not reproduce what CI saw: it is flaky" in second
    assert "CI's log speaks of its machine or network (“Could not resolve host”)" in last
    story.script.extend([*revises(calls(edit(new_line(3))), calls(finish("", "A line."))), met(True)])
    await comment(story, number, "/revise Add line 3.")
    await finals(story, number, 6)
    asked = len(story.script.requests)
    await red(story, branch, "E   assert 1 == 2")

    def given_up() -> bool:
        return any("CI still fails after 2 attempts of mine" in text for text in story.shown(number, "answer"))

    await story.until(given_up, what="the bot gives up politely")
    assert len(story.script.requests) == asked > calls_before, "nothing more was bought"
    assert len(await finals(story, number, 6)) == 6


async def test_what_ci_found_and_we_broke_is_mended(tell: Tell, tmp_path: Path) -> None:
    """The full suite takes longer than the policy lets it, so only CI runs the test that the fix breaks."""
    source = tmp_path / "source"
    shutil.copytree(SAMPLE, source)
    tests = source / "tests"
    (tests / "test_slow.py").write_text(
        "import time, unittest\n\n\nclass S(unittest.TestCase):\n    def test_slow(self):\n        time.sleep(60)\n"
    )
    (tests / "test_prices.py").write_text(
        "import unittest\n\n\nclass P(unittest.TestCase):\n    def test_whole_prices(self):\n"
        "        from basket.basket import total\n\n        self.assertEqual(total(['3']), 300, 'cents')\n"
    )
    (tests / "test_far.py").write_text(
        "import pathlib, unittest\n\n\nclass F(unittest.TestCase):\n    def test_far(self):\n"
        "        (text,) = [path.read_text() for path in pathlib.Path().glob('*/pri*.py')]\n"
        "        self.assertTrue(text.endswith('* 100\\n'), 'the last line')\n"
    )
    story = await tell([*GOOD], source=source, FORGEHAND_CHECKS='{"minutes": 0.2}')
    may_read_logs(story)
    number, branch = await fixed(story)
    mended = '    return int((cents + "00")[:2]) + int(whole) * 100\n'
    story.script.extend(
        [*revises(calls(edit(change(PRICES, FIX[1], mended))), calls(finish("", "The order is kept."))), met(True)]
    )
    await red(story, branch, "FAILED tests/test_far.py::F::test_far - AssertionError: the last line")
    (final,) = await finals(story, number, 1)
    assert "tests/test_far.py::F::test_far` fail on" in final
    assert "in the sandbox as well, and do not on the base branch." in final
    assert git(story, "show", f"{branch}:{PRICES}").endswith("* 100")
    assert f"For the failing checks of #{number}." in git(story, "log", "-1", "--format=%B", branch)
    body = (await pull(story, number))["body"]
    assert f"**Revised** in {git(story, 'rev-parse', branch)}, because its checks failed: The order is kept." in body
    asked = [each for each in story.script.requests if REVISE in each.text]
    assert "FAILED tests/test_far.py::F::test_far" in asked[0].text, "the model sees the log"
    assert rows(story, "select source from fh_task where flow = 'revise'") == [("ci",)]


async def test_what_fails_on_the_base_as_well_is_left_alone(tell: Tell, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(SAMPLE, source)
    (source / "tests" / "test_broken.py").write_text(
        "import unittest\n\n\nclass B(unittest.TestCase):\n    def test_broken(self):\n        self.assertEqual(1, 2)\n"
    )
    story = await tell([*GOOD], source=source)
    number, branch = await fixed(story)
    head, asked = git(story, "rev-parse", branch), len(story.script.requests)
    await red(story, branch, "FAILED tests/test_broken.py::B::test_broken - AssertionError: 1 != 2")
    (final,) = await finals(story, number, 1)
    assert "`tests/test_broken.py::B::test_broken` fail on" in final
    assert "of the base branch, without this pull request." in final
    assert (git(story, "rev-parse", branch), len(story.script.requests)) == (head, asked)
