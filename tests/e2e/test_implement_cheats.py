"""A model that cheats while it implements a feature is caught by code each time."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import Rule, calls, change, edit, finish, new_file
from tests.e2e.features import (
    BODY,
    DRAFTED,
    DURATIONS,
    GOOD_TESTS,
    IDLE,
    LABEL,
    PROVED,
    STEPS,
    TEST_WEEKS,
    TESTS,
    TRACES,
    UNRELATED,
    WEEKS,
    WRITE,
    judged,
    traced,
    worked,
    written,
)
from tests.e2e.scenes import about, branches, place, rows
from tests.support.story import Story

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSES = """
def test_hours():
    from durations.parse import parse_duration

    assert parse_duration("2h") == 7200
"""
REFUSALS = "select action, reason from fh_audit where allowed = 0 and repository = ?"
CALLABLE = """
def test_hours_and_minutes_are_written():
    from durations.write import write_duration

    assert callable(write_duration)
"""
DONE: Rule = {
    "match": {"text": "Third task: carry out the plan", "tool": "edit"},
    "reply": calls(finish()),
    "reusable": True,
}
NO_TESTS: Rule = {"match": {"user": "Second task"}, "reply": calls(finish()), "reusable": True}


REFUSED: Rule = {**NO_TESTS, "match": {"text": "not yet acceptance tests"}}


async def told(town: Story, name: str, rules: Sequence[Rule], source: Path = DURATIONS) -> tuple[Story, int, str]:
    """A feature asked for in a repository of its own; the story, the issue and the comment that ends it."""
    story = place(town, name, source)
    title = f"Weeks for {name}"
    town.script.extend(about(title, list(rules)))
    number = await story.file(title, BODY, label=LABEL)
    status = await story.until_status(number, "Stopped", "Done.", "Failed.")
    assert status.startswith("Stopped without a verified feature."), status
    assert await story.pulls() == []
    assert branches(story) == ["main"]
    return story, number, (await story.comments(number))["final"][0]


def again(text: str, path: str = TESTS) -> list[Rule]:
    """The tests, and nothing better each time they are refused."""
    return [*written(text, path), REFUSED]


async def test_tests_that_pass_already_are_no_acceptance_tests(town: Story) -> None:
    _, _, final = await told(town, "passing", [*DRAFTED, *again(PASSES)])
    assert "passes on the unchanged code" in final


async def test_a_test_without_an_assertion_is_none(town: Story) -> None:
    _, _, final = await told(town, "idle", [*DRAFTED, *again(TEST_WEEKS + IDLE)])
    assert f"These tests assert nothing: {TESTS}::test_hours_and_minutes_are_written." in final


async def test_a_requirement_without_a_failing_test_is_told(town: Story) -> None:
    one = [{**TRACES[0]}, {**TRACES[1], "tests": [], "quote": "", "why": "Nothing is written there"}]
    rules = [*DRAFTED, *again(TEST_WEEKS), traced(one, reusable=True)]
    _, _, final = await told(town, "untested", rules)
    assert "No failing test shows that R2 is not met yet: Nothing is written there. Write one." in final


async def test_a_quote_that_is_in_no_failure_traces_nothing(town: Story) -> None:
    made_up = [TRACES[0], {**TRACES[1], "quote": "TypeError: of my own making"}]
    _, _, final = await told(town, "misquoted", [*DRAFTED, *again(GOOD_TESTS), traced(made_up, reusable=True)])
    assert "R2 could not be matched with a failure" in final


async def test_code_is_not_changed_while_the_tests_are_written(town: Story) -> None:
    edited = calls(edit(change("durations/parse.py", *WEEKS)))
    early = {"match": {"user": "Second task", "turn": 0}, "reply": edited}
    story, _, final = await told(town, "early", [*DRAFTED, early, REFUSED, NO_TESTS])
    assert "No test was written." in final
    refused = rows(story, REFUSALS, story.repository.full_name)
    assert any(action == "edit durations/parse.py" and "only new test files" in why for action, why in refused)


async def test_the_acceptance_tests_cannot_be_left_out_or_changed(town: Story) -> None:
    weaker = change(TESTS, '    assert write_duration(3600) == "1h"\n', "")
    story, _, final = await told(town, "removed", [*DRAFTED, *PROVED, *worked(calls(edit(weaker))), DONE])
    refused = rows(story, REFUSALS, story.repository.full_name)
    assert any(f"`{TESTS}`" in why and "it stays as it ran then" in why for _, why in refused), refused
    assert "What I can show: the new test" in final


@pytest.mark.parametrize(
    ("name", "test", "quote", "said"),
    [
        ("unrelated", UNRELATED, "assert False", "runs none of the lines that the change added"),
        ("weak", CALLABLE, "No module named 'durations.write'", "runs none of the lines that the change added"),
        ("blind", "", "No module named 'durations.write'", "passes whatever the added code does"),
    ],
)
async def test_a_requirement_is_not_traced_to_what_does_not_notice_it(
    town: Story, name: str, test: str, quote: str, said: str
) -> None:
    test = test or CALLABLE.replace("callable(write_duration)", "write_duration(5400) != 7")
    traces: list[dict[str, Any]] = [TRACES[0], {**TRACES[1], "quote": quote}]
    rules = [*DRAFTED, *written(TEST_WEEKS + test), traced(traces), *STEPS, DONE, judged()]
    _, _, final = await told(town, name, rules)
    assert "requirements traced to tests" in final
    assert f"R2 is traced to {TESTS}::test_hours_and_minutes_are_written, but that test {said}" in final


async def test_a_requirement_that_the_second_model_finds_unmet_is_not_published(town: Story) -> None:
    unmet = judged(R2="Seconds below a minute come out empty.")
    _, _, final = await told(town, "unmet", [*DRAFTED, *PROVED, *STEPS, unmet, DONE])
    assert "R2 is not met: Seconds below a minute come out empty." in final
    assert WRITE.splitlines()[4] in final, "the change is shown all the same"


def with_history(folder: Path) -> Path:
    """A checkout of the sample whose changes of code bring an entry in the changelog."""
    shutil.copytree(DURATIONS, folder)
    somebody = ("-c", "user.name=mara", "-c", "user.email=mara@example.com")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=folder, check=True)
    for number in range(6):
        with (folder / "CHANGELOG.md").open("a") as changelog, (folder / "durations/parse.py").open("a") as code:
            changelog.write(f"- Change {number}.\n")
            code.write(f"# {number}\n")
        subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
        subprocess.run(["git", *somebody, "commit", "--quiet", "-m", f"Change {number}"], cwd=folder, check=True)
    return folder


async def test_the_entry_that_changes_bring_here_is_not_left_out(town: Story, tmp_path: Path) -> None:
    source = with_history(tmp_path / "durations")
    silent = [*STEPS[:2], *worked(calls(edit(new_file("durations/write.py", WRITE)))), *STEPS[3:]]
    _, _, final = await told(town, "untold", [*DRAFTED, *PROVED, *silent, DONE, judged()], source)
    assert "| migrations, documents, changelog |  | 1 thing left undone — **not passed** |" in final, final
    assert "6 of the latest 6 changes of code brought an entry, and this one has none." in final
