"""``/test``: asked by command, label and call; new tests that notice faults are published, others are not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.capability_cheats import CHEATS, HONEST, SOURCE, TARGET
from tests.e2e.answers import Rule, calls, change, deletion, edit, finish, judged, new_file
from tests.e2e.conftest import Tell
from tests.e2e.revisions import NO_REVIEWS, finals, met, revises
from tests.e2e.scenes import POLICY, SAMPLE, git, put, rows
from tests.e2e.test_gates import refusals, results
from tests.e2e.test_results import finished, five_parts, untold
from tests.support.api import asker
from tests.support.pulls import propose
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


async def test_a_command_brings_tests_that_notice_faults_and_no_others(tell: Tell, source: Path) -> None:
    easier = change(TARGET, "        size = size / 1024\n", "        size = size / 1000\n")
    weaker = calls(edit(easier), edit(deletion("tests/test_old.py")))
    meddles: Rule = {"match": {"text": "Tests are wanted for"}, "reply": weaker}
    story = await tell([meddles, *writes(CHEATS["not None"], CHEATS["skip"], HONEST)], source=source)
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
    assert "is not None" not in git(story, "show", f"{pull['head']['ref']}:{NEW}")
    asked = story.script.requests[0].text
    assert "size >= 1024 -> size > 1024" in asked, "the author is shown what no test notices"
    assert "notices" in story.script.requests[2].text, "and after an edit what its tests notice"
    assert [action for action, _ in refusals(story)] == [f"edit {TARGET}", "edit tests/test_old.py"]
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
    said = results(story)
    for caught in (
        "notices no fault that was not noticed before",
        "it uses `__code__`",
        "expected to fail shows nothing",
    ):
        assert caught in said
    assert "it swallows every error" in (await story.comments(number))["final"][0]


async def test_a_label_brings_the_first_tests_of_what_the_issue_names(tell: Tell, tmp_path: Path) -> None:
    source = write(tmp_path / "source", {**SETTINGS, TARGET: SOURCE})
    story = await tell(writes(HONEST), source=source)
    first = await story.file("Order", "B", label=None)
    await comment(story, first, "/test-optimize sizes.py")
    status = await story.until_status(first, "Stopped: there is no order to tell.")
    assert "No test of this repository passes, so there is nothing to order." in status
    number = await story.file("Sizes", "`human` in sizes.py is barely tested.", label="ai-tests")
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


MORE = """

def plural(count):
    return "" if count == 1 else "s"
"""
PLURAL = """
from sizes import plural


def test_one_is_no_plural():
    assert plural(1) == ""
    assert plural(2) == "s"
"""


async def test_a_pull_request_gets_a_commit_for_its_changed_lines(tell: Tell, source: Path) -> None:
    story = await tell([], source=source)
    await put(story, POLICY, NO_REVIEWS)
    theirs = "tests/test_theirs.py"
    number = await propose(story, {TARGET: SOURCE + MORE, theirs: OLD}, title="Count in words")
    changed = f"{OLD}    assert human(2) == '2B'\n"
    turns = [calls(edit(change(theirs, OLD, changed))), calls(finish()), calls(edit(change(theirs, changed, OLD)))]
    meddles: list[Rule] = [{"match": {"text": "Tests are wanted for"}, "reply": turn} for turn in turns]
    story.script.extend([*meddles, *writes(PLURAL)])
    await comment(story, number, "/test")
    assert (await ended(story, number)).startswith("Done.")
    asked = next(each.text for each in story.script.requests if "Tests are wanted for" in each.text)
    assert "count == 1 -> count != 1" in asked
    assert "size >= 1024" not in asked, "only what the pull request adds is changed"
    assert f"{theirs} is no new test file" in results(story), "nor are the pull request's own tests touched"
    assert git(story, "diff", "--name-only", "topic~1", "topic") == NEW
    (final,) = (await story.comments(number))["final"]
    assert final.startswith(f"I pushed {git(story, 'rev-parse', 'topic')}.")


async def test_nothing_of_a_fork_is_run(tell: Tell, source: Path) -> None:
    story = await tell([], source=source)
    await put(story, POLICY, NO_REVIEWS)
    stranger = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    number = await propose(story, {TARGET: SOURCE + MORE}, by=stranger, fork=fork)
    await comment(story, number, "/test")
    status = await ended(story, number)
    assert "The branch of this pull request is in a fork. Its code is not run here" in status
    await comment(story, number, "/test-optimize sizes.py")
    ordered = "select state from fh_task where flow = 'test-optimize'"
    await story.until(lambda: rows(story, ordered) == [("refused",)], what="nothing of it is measured either")
    assert story.script.requests == []


async def test_a_program_gets_a_patch_without_an_issue(tell: Tell, source: Path) -> None:
    story = await tell(writes(HONEST), source=source)
    number = await story.file("Other", "Nothing of it.", label=None)
    program = asker(story, story.maintainer)
    result = await finished(program, await program.start("test", None, target="sizes.human", deliver="result"))
    assert (result["form"], result["state"]) == ("patch", "done")
    parts = five_parts(result)
    assert "small faults in sizes.human the tests noticed" in parts["tests"]
    assert "No product code was changed." in parts["implementation"]
    assert "s of processor time" in parts["performance"]
    assert parts["documentation"].startswith("No document was changed.")
    assert untold(story, number)


async def test_revise_works_on_the_new_tests(tell: Tell, source: Path) -> None:
    story = await tell(writes(HONEST), source=source)
    await put(story, POLICY, NO_REVIEWS)
    number = await story.file("Sizes", "B", label=None)
    await comment(story, number, "/test sizes.human")
    await ended(story, number)
    (pull,) = await story.pulls()
    old = "def test_a_size_keeps_its_unit_up_to_the_next_one():\n"
    renamed = change(NEW, old, "def test_units():\n")
    story.script.extend([*revises(calls(edit(renamed)), calls(finish("A name.", "Shorter."))), met(True)])
    await comment(story, pull["number"], "/revise A shorter name, please")
    await finals(story, pull["number"], 1)
    assert "def test_units" in git(story, "show", f"{pull['head']['ref']}:{NEW}")


async def test_a_repository_without_pytest_is_told(tell: Tell) -> None:
    story = await tell([], source=SAMPLE)
    number = await story.file("Prices", "B", label=None)
    await comment(story, number, "/test basket/prices.py")
    assert (await ended(story, number)).startswith("Stopped")
    assert "pytest is not installed in this repository's environment" in (await story.comments(number))["final"][0]


async def test_a_suite_is_ordered_by_what_it_catches(tell: Tell, source: Path) -> None:
    slow = OLD.replace("    assert", "    sum(range(3_000_000))\n    assert")  # whatever else the machine does
    write(source, {"tests/test_sizes.py": HONEST, "tests/test_old.py": slow, "tests/test_again.py": slow})
    story = await tell([], source=source)
    number = await story.file("Tests", "B", label="ai-test-optimize")
    status = await ended(story, number)
    assert "Ordered 3 tests by what they catch." in status
    (report,) = await finals(story, number, 1)
    assert report.startswith("3 tests that pass take")
    assert "of their own: 2 tests" in report, "one test catches all that the others do"
    program = asker(story, story.maintainer)
    asked = {"target": "sizes.py", "deliver": "result"}
    result = await finished(program, await program.start("test-optimize", None, **asked))
    assert (result["state"], result["form"]) == ("done", "document")
    parts = five_parts(result)
    assert parts["tests"].startswith("3 tests catch ")
    unchanged = {parts[name] for name in ("implementation", "documentation", "security")}
    assert unchanged == {"Nothing was changed: only the tests that there are were looked at."}
    await comment(story, number, "/test-optimize sizes.py")
    assert (await finals(story, number, 2))[1].startswith("3 tests that pass take")
    assert story.script.requests == [], "no model is asked"
