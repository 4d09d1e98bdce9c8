"""What a draft leaves open is filled in on its branch, with tests that failed on it; cheats are sent back."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

from tests.e2e.answers import Rule, calls, change, edit, finish, judged, later, new_file
from tests.e2e.conftest import Tell
from tests.e2e.features import DURATIONS
from tests.e2e.revisions import finals, met, revises
from tests.e2e.scenes import git, rows
from tests.e2e.test_gates import results
from tests.e2e.test_results import finished, five_parts
from tests.support.api import asker
from tests.support.pulls import propose
from tests.support.story import Story
from tests.support.typing import answered, comment

WRITE = "durations/write.py"
STUB = '''"""Write durations."""


def write_duration(seconds):
    """Return hours and minutes, e.g. ``"1h30m"``; seconds are left out."""
    raise NotImplementedError
'''
OPEN = "    raise NotImplementedError\n"
FILLED = """    hours, rest = divmod(seconds, 3600)
    return (f"{hours}h" if hours else "") + (f"{rest // 60}m" if rest // 60 else "")
"""
PROOF = "tests/test_write.py"
TEST = """from durations.write import write_duration


def test_hours_and_minutes_are_written():
    assert write_duration(5400) == "1h30m"
    assert write_duration(3600) == "1h"
"""
JUDGE = "You judge whether stubs were filled in rightly"
JUDGED: Rule = {"match": {"system": JUDGE}, "reply": judged(passed=True, reason=""), "reusable": True}
DONE = calls(finish("It was a stub.", "Hours and minutes are written."))


def proving(*texts: str) -> list[Rule]:
    turns: list[dict[str, Any]] = []
    for old, new in zip(("", *texts), texts, strict=False):
        turns += [calls(edit(change(PROOF, old, new) if old else new_file(PROOF, new))), calls(finish())]
    return [{"match": {"text": "First task", "tool": "edit"}, "reply": turn} for turn in turns]


async def draft(story: Story, text: str = STUB) -> int:
    return await propose(story, {WRITE: text}, branch="topic", title="Write durations", draft=True)


async def test_a_draft_is_completed_on_its_branch_and_revised(tell: Tell) -> None:
    passes = "def test_nothing():\n    assert 'write_duration'\n"
    filled = later(calls(edit(change(WRITE, OPEN, FILLED))), DONE)
    story = await tell([*proving(TEST), *filled, *proving(passes, TEST), *filled, JUDGED], source=DURATIONS)
    number = await draft(story)
    program = asker(story, story.maintainer)
    made = await finished(program, await program.start("complete", number, deliver="result"))
    assert (made["form"], made["state"]) == ("patch", "done")
    assert five_parts(made)["implementation"].startswith("1 file changed: durations/write.py.")
    early = await comment(story, number, "/revise Say in the docstring that seconds are cut")
    assert "`/revise` changes pull requests that I opened or pushed to." in (await answered(story, early))[0]
    await comment(story, number, "/complete")
    (final,) = await finals(story, number, 1)
    assert final.startswith("I pushed "), final
    assert "The test passes on the unchanged code" in results(story)
    assert "| what was left open | 1 open | 1 of 1 filled in |" in final
    assert "small faults noticed |" in final
    assert "Left open before, found by code: `durations/write.py:6 in write_duration" in final
    assert "NotImplementedError" not in git(story, "show", f"topic:{WRITE}")
    assert git(story, "show", f"topic:{PROOF}") + "\n" == TEST
    assert git(story, "log", "-1", "--format=%s", "topic") == "Fill in write_duration"

    line = next(each for each in STUB.splitlines(keepends=True) if "left out" in each)
    cut = change(WRITE, line, line.replace("left out", "cut"))
    story.script.extend([*revises(calls(edit(cut)), calls(finish("", "Seconds are cut."))), met(True)])
    await comment(story, number, "/revise Say in the docstring that seconds are cut")
    assert (await finals(story, number, 2))[1].startswith("I pushed ")
    assert "seconds are cut" in git(story, "show", f"topic:{WRITE}")


async def test_a_stub_that_is_removed_or_filled_in_unseen_is_sent_back(tell: Tell) -> None:
    renamed = STUB.replace("def write_duration(seconds)", "def written(seconds)").replace(
        OPEN,
        f"{FILLED}\n\nfrom functools import partial\n\nwrite_duration = partial(written)\n\n\n"
        "def later():  # noqa: D103\n    raise NotImplementedError\n",
    )
    weak = "from durations.write import write_duration\n\n\ndef test_it():\n    write_duration(5400)\n    assert True\n"
    untested = STUB.replace(OPEN, '    return f"{seconds // 3600}h{seconds % 3600 // 60}m"\n')
    edits = [
        turn
        for old, new in pairwise([STUB, renamed, untested])
        for turn in (calls(edit(change(WRITE, old, new))), DONE)
    ]
    again: Rule = {"match": {"text": "Second task", "tool": "edit"}, "reply": DONE, "reusable": True}
    story = await tell([*proving(weak), *later(*edits), again, JUDGED], source=DURATIONS)
    number = await draft(story)
    await story.label(number, "ai-complete")
    (final,) = await finals(story, number, 1)
    assert "I changed nothing" in final
    assert rows(story, "select source from fh_task where flow = 'complete'") == [("label",)]
    assert "`write_duration` was removed rather than filled in" in results(story)
    assert "durations/write.py:16 in later" in results(story), "what is newly left open"
    assert "durations/write.py silences a check: def later():  # noqa: D103" in results(story)
    assert "no new test notices any of" in final, "tests that only run it hold nothing"
    assert git(story, "log", "-1", "--format=%s", "topic") == "Change"


async def test_without_any_test_before_nothing_is_pushed(tell: Tell, tmp_path: Path) -> None:
    source = copytree(DURATIONS, tmp_path / "bare", ignore=ignore_patterns("tests"))
    again: Rule = {"match": {"text": "Second task", "tool": "edit"}, "reply": DONE, "reusable": True}
    story = await tell([*proving(TEST), *later(calls(edit(change(WRITE, OPEN, FILLED))), DONE), again], source=source)
    number = await draft(story)
    program = asker(story, story.maintainer)
    result = await finished(program, await program.start("complete", number))
    assert result["state"] == "unverified"
    assert "No test passed before the change, so nothing shows what it may have broken." in result["report"]
    parts = five_parts(result)
    assert parts["implementation"].startswith("1 file changed: durations/write.py.")
    assert "1 new test fails without the change" in parts["tests"]
    assert parts["documentation"].startswith("No document was changed.")
    assert parts["performance"].startswith("Nothing was timed.")
    assert "Credentials in added lines: 0 found." in parts["security"]
    assert git(story, "log", "-1", "--format=%s", "topic") == "Change"


async def test_where_nothing_is_open_or_nothing_may_run_no_model_is_asked(tell: Tell) -> None:
    story = await tell([], source=DURATIONS)
    number = await draft(story, STUB.replace(OPEN, FILLED))
    await comment(story, number, "/complete")
    assert "I found no stub in the lines that this pull request adds" in await story.until_status(number, "Stopped.")
    program = asker(story, story.maintainer)
    result = await finished(program, await program.start("complete", number, hint="migrations"))
    assert result["state"] == "refused", "asked by a program, it ends the same way"
    assert "no Django field and no SQLAlchemy column" in str(result)
    assert set(five_parts(result).values()) == {"Nothing was measured: the task ended as refused."}
    stranger = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    theirs = await propose(story, {WRITE: STUB}, branch="fork", title="Write", by=stranger, fork=fork)
    await comment(story, theirs, "/complete")
    assert "Its code is not run here" in await story.until_status(theirs, "Stopped.")
    assert story.script.requests == []
