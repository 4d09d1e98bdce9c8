"""``/test``: asked by command, label and call; new tests that notice faults are published, others are not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import Rule, calls, change, edit, finish, judged, new_file
from tests.e2e.conftest import Tell
from tests.e2e.scenes import git, rows
from tests.handlers.cheats import CHEATS, HONEST, SOURCE, TARGET
from tests.support.story import Story
from tests.support.typing import comment
from tests.toolchains.conftest import write

NEW = "tests/test_sizes.py"
OLD = "from sizes import human\n\n\ndef test_small():\n    assert human(1) == '1B'\n"
SETTINGS = {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n'}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", {**SETTINGS, TARGET: SOURCE, "tests/test_old.py": OLD})


def writes(*texts: str) -> list[Rule]:
    """An author that writes the texts in turn, each finished before the next."""
    edits = [new_file(NEW, texts[0]), *(change(NEW, old, new) for old, new in pairwise(texts))]
    turns = [reply for text in edits for reply in (calls(edit(text)), calls(finish("Sizes.", "Tested.")))]
    replies: list[Rule] = [{"match": {"text": "Tests are wanted for"}, "reply": reply} for reply in turns]
    judge: dict[str, Any] = {"match": {"system": "You judge new tests"}, "reply": judged(passed=True, reason="Right.")}
    return [*replies, {**judge, "reusable": True}]


async def ended(story: Story, number: int) -> str:
    return await story.until_status(number, "Done.", "Failed.", "Stopped", "Refused")


async def test_a_command_brings_tests_that_notice_faults(tell: Tell, source: Path) -> None:
    story = await tell(writes(HONEST), source=source)
    number = await story.file("Test the sizes", "They are barely tested.", label=None)
    await comment(story, number, "/test sizes.human")
    assert (await ended(story, number)).startswith("Done.")
    (pull,) = await story.pulls()
    assert pull["title"] == "Test sizes.human"
    assert pull["body"].startswith(f"For #{number}.")
    assert "| faults noticed |" in pull["body"]
    assert "What stays untested:" in pull["body"]
    assert "1 test, 3 of 3 orders" in pull["body"]
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert [file["filename"] for file in files] == [NEW]
    asked = story.script.requests[0].text
    assert "size >= 1024 -> size > 1024" in asked, "the author is shown what no test notices"
    assert "notices" in story.script.requests[1].text, "and after an edit what its tests notice"


async def test_a_label_tests_what_the_issue_names(tell: Tell, source: Path) -> None:
    story = await tell(writes(HONEST), source=source)
    number = await story.file("Sizes", "`human` in sizes.py is barely tested.", label="ai-tests")
    assert (await ended(story, number)).startswith("Done.")
    assert len(await story.pulls()) == 1


async def test_tests_that_notice_nothing_go_back_and_are_never_published(tell: Tell, source: Path) -> None:
    story = await tell(writes(CHEATS["not None"], CHEATS["skip"], HONEST), source=source)
    number = await story.file("Sizes", "B", label=None)
    await comment(story, number, "/test sizes.py")
    assert (await ended(story, number)).startswith("Done.")
    (pull,) = await story.pulls()
    assert "is not None" not in git(story, "show", f"{pull['head']['ref']}:{NEW}")
    said = "\n".join(each.text for each in story.script.requests)
    assert "notices no fault that was not noticed before" in said
    assert "a test that is skipped or expected to fail shows nothing" in said


async def test_only_cheats_end_without_a_pull_request(tell: Tell, source: Path) -> None:
    story = await tell(
        writes(CHEATS["assert True"], CHEATS["code object"], CHEATS["xfail"], CHEATS["swallowed"]), source=source
    )
    number = await story.file("Sizes", "B", label=None)
    await comment(story, number, "/test sizes.py")
    assert (await ended(story, number)).startswith("Stopped without tests that passed all checks.")
    assert await story.pulls() == []


async def test_the_first_tests_of_a_repository(tell: Tell, tmp_path: Path) -> None:
    source = write(tmp_path / "source", {**SETTINGS, TARGET: SOURCE})
    story = await tell(writes(HONEST), source=source)
    number = await story.file("Sizes", "B", label=None)
    await comment(story, number, "/test sizes.py")
    assert (await ended(story, number)).startswith("Done.")
    (pull,) = await story.pulls()
    assert "at least one that no test noticed." in pull["body"]


async def test_a_target_that_is_not_there_is_told(tell: Tell, source: Path) -> None:
    story = await tell([], source=source)
    number = await story.file("Sizes", "B", label=None)
    await comment(story, number, "/test sizes.nothing")
    await ended(story, number)
    assert "`sizes.py` has no function or class `nothing`." in (await story.comments(number))["final"][0]
    assert rows(story, "select state from fh_task where flow = 'test'") == [("unverified",)]
