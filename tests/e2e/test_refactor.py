"""A refactoring that changes nothing is published; a change that only looks like one is not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from simhub.scripted_model import Script, ScriptedModel
from tests.doors.api.test_events import follow
from tests.e2e.answers import calls, change, deletion, edit, finish, later, new_file
from tests.e2e.conftest import Tell
from tests.e2e.revisions import finals, met, revises
from tests.e2e.scenes import git as ask_git
from tests.e2e.tangled import (
    BODY,
    DONE,
    FILES,
    GOOD,
    JUDGED,
    LABEL,
    LOOP,
    PLAIN,
    PRODUCT,
    RENAME,
    TANGLED,
    TESTS,
    TITLE,
    first,
    lay,
    plan,
    replace,
)
from tests.e2e.test_checkout import attempt, git, key
from tests.e2e.test_gates import refusals, results
from tests.e2e.test_results import five_parts
from tests.support.api import asker
from tests.support.pulls import propose
from tests.support.story import Story
from tests.support.typing import comment
from tests.toolchains.conftest import write

pytestmark = pytest.mark.needs("sandbox")
STOPPED = "Stopped: nothing shows that nothing changed."
TEST = "tests/test_post.py"
WRITTEN = "tests/test_fees.py"


async def changed(story: Story, number: int) -> list[str]:
    files = await story.request("GET", f"/pulls/{number}/files")
    return [file["filename"] for file in files]


async def stopped(story: Story, number: int) -> str:
    """Wait for the honest end and return the final comment: nothing was published."""
    await story.until_status(number, STOPPED)
    (final,) = (await story.comments(number))["final"]
    assert await story.pulls() == []
    return final


async def test_a_label_becomes_a_pull_request_that_changes_nothing(tell: Tell, tmp_path: Path) -> None:
    story = await tell(GOOD, source=lay(tmp_path))
    number = await story.file(TITLE, BODY, label=LABEL)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert not pull["draft"]
    for shown in (
        "| all 6 tests (full suite",
        "| API |  | documented names equal |",
        "| branches of `shipping` | 4 | 3 |",
        "| small faults that the tests notice | 9 of 10 | 9 of 9 |",
        "The tests that were there run every function that changed.",
    ):
        assert shown in pull["body"]
    assert await changed(story, pull["number"]) == [PRODUCT]
    (final,) = (await story.comments(number))["final"]
    assert "Branches of `shipping`: 4 before, 3 now." in final


async def test_without_tests_they_are_written_first_and_the_result_is_revised(tell: Tell, tmp_path: Path) -> None:
    failing = TESTS.replace('(1, "DE", 4)', '(1, "DE", 5)')
    lazy = "def test_it():\n    assert True\n"
    texts = ["", failing, lazy, TESTS]
    turns = [edit(change(WRITTEN, old, new) if old else new_file(WRITTEN, new)) for old, new in pairwise(texts)]
    written = [turn for one in turns for turn in (calls(one), calls(finish()))]
    edits = later(calls(edit(change(WRITTEN, "    assert shipping(0) == 4\n", ""))), replace(PLAIN), DONE)
    files = {path: text for path, text in FILES.items() if path != TEST}
    story = await tell([plan(), *first(*written), *edits, JUDGED], source=lay(tmp_path, files))
    number = await story.file(TITLE, BODY, label=None)
    await comment(story, number, "/refactor Decide the fee once.")
    await story.until_status(number, "Done.")
    seen = results(story)
    assert "Each new test must pass, 3 of 3, on the unchanged code" in seen
    assert f"No test runs {PRODUCT}::shipping" in seen
    assert [action for action, _ in refusals(story)] == [f"edit {WRITTEN}"], "what was written first stays"
    (pull,) = await story.pulls()
    assert await changed(story, pull["number"]) == [PRODUCT, WRITTEN]
    assert "| new tests on the unchanged code |  | 6 pass |" in pull["body"]
    assert "1 file of tests were written on the unchanged code first" in pull["body"]
    reworded = change(PRODUCT, '"""Fees of parcels."""\n', '"""Fees of parcels, by weight."""\n')
    story.script.extend(
        [*revises(calls(edit(reworded)), calls(finish("", "The module says what it does."))), met(True)]
    )
    await comment(story, pull["number"], "/revise Say that it is by weight.")
    (told,) = await finals(story, pull["number"], 1)
    assert told.startswith("I pushed ")


async def test_a_rename_is_made_by_the_codemod_and_one_revert_takes_it_back(tell: Tell, tmp_path: Path) -> None:
    story = await tell([RENAME, JUDGED], source=lay(tmp_path))
    number = await story.file("Rename shipping to shipping_fee", "Please.", label=None)
    await comment(story, number, "/refactor")
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert pull["title"] == "Rename post.fees.shipping to post.fees.shipping_fee"
    assert await changed(story, pull["number"]) == ["post/__init__.py", PRODUCT, TEST]
    for shown in ("every hunk in 3 files", "renamed as asked; documented: post.shipping", "`git revert`"):
        assert shown in pull["body"]
    assert {"edit", "run"}.isdisjoint(tool for one in story.script.requests for tool in one.tools)
    branch = pull["head"]["ref"]
    assert ask_git(story, "rev-list", "--count", f"main..{branch}") == "1"
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "-b", branch, str(story.repository.path), str(copy))
    git(copy, "-c", "user.name=m", "-c", "user.email=m@example.com", "revert", "--no-edit", "HEAD")
    assert git(copy, "rev-parse", "HEAD^{tree}").strip() == ask_git(story, "rev-parse", "main^{tree}")


async def test_only_a_rename_that_was_asked_for_is_made(tell: Tell, tmp_path: Path) -> None:
    rules = [RENAME, plan(functions=["post/fees.py::gone"]), plan(measured=f"{PRODUCT}::other")]
    story = await tell(rules, source=lay(tmp_path))
    number = await story.file(TITLE, BODY, label=LABEL)
    final = await stopped(story, number)
    seen = results(story)
    assert "The request does not name `post.fees.shipping_fee`" in seen
    assert "`post/fees.py::gone` is no function of the product's Python code" in seen
    assert "is no figure that can be lessened" in final


async def test_no_cheat_of_an_edit_is_published(tell: Tell, tmp_path: Path) -> None:
    """Each is sent back for what it is; tests alone would have passed them all but the last."""
    default = TANGLED.replace('country="DE"', 'country="DE", express=False').replace(LOOP, PLAIN)
    constant = TANGLED.replace(LOOP, PLAIN).replace('NAME = "Post"', 'NAME = "Mail"')
    untested = TANGLED.replace(LOOP, PLAIN.replace("else 4\n", "else 4\n    fee += weight // 1000\n"))
    longer = TANGLED.replace(LOOP, LOOP.replace("    return fee\n", "    return fee if fee or not fee else 0\n"))
    texts = [TANGLED, default, constant, longer, untested]
    edits = [turn for old, new in pairwise(texts) for turn in (calls(edit(change(PRODUCT, old, new))), DONE)]
    meddling = [change(TEST, "    assert shipping(1) == 4\n", ""), deletion(TEST), new_file("post/page.js", "1;\n")]
    turns = [calls(*map(edit, meddling)), calls(edit(deletion("post/page.js"))), *edits]
    story = await tell([plan(), *later(*turns), JUDGED], source=lay(tmp_path))
    number = await story.file(TITLE, BODY, label=LABEL)
    final = await stopped(story, number)
    assert [action for action, _ in refusals(story)] == [f"edit {TEST}"] * 2
    assert all("belongs to the tests, which stay as they are" in why for _, why in refusals(story))
    seen = results(story)
    assert "post.shipping: parameters: weight, country= -> weight, country=, express= (documented)" in seen
    assert "post/page.js is neither Python nor a document" in seen
    assert "post.fees.NAME: value: 'Post' -> 'Mail' (internal)" in seen
    assert "branches of `shipping`: 4 before, 6 now. The refactoring was to lessen it." in seen
    assert "is not noticed by any test" in final


async def test_code_that_no_test_runs_may_move_but_not_change(tell: Tell, tmp_path: Path) -> None:
    partly = (
        "from post import shipping\n\n\ndef test_home():\n    assert shipping(1) == 4\n    assert shipping(6) == 9\n"
    )
    known = first(calls(finish("The rest cannot be run here.")))
    edits = later(replace(PLAIN), DONE, replace(PLAIN), DONE)
    story = await tell([plan(), *known, *edits], source=lay(tmp_path, {**FILES, TEST: partly}))
    number = await story.file(TITLE, BODY, label=LABEL)
    final = await stopped(story, number)
    assert "no test runs `fee = 18`, and it was changed" in final
    assert "They do not run these lines of the planned functions:" in results(story)


async def test_where_nothing_can_be_run_no_model_is_asked(tell: Tell, tmp_path: Path) -> None:
    story = await tell([], source=lay(tmp_path))
    stranger = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    theirs = await propose(story, {PRODUCT: TANGLED + "\n"}, branch="topic", title="Fees", by=stranger, fork=fork)
    await comment(story, theirs, "/refactor shipping")
    assert "Its code is not run here" in await story.until_status(theirs, "Stopped.")
    assert story.script.requests == []


async def test_a_pull_request_gets_a_commit(tell: Tell, tmp_path: Path) -> None:
    story = await tell(GOOD, source=lay(tmp_path))
    number = await propose(story, {"notes.txt": "Fees.\n"}, branch="topic", title="Fees")
    await comment(story, number, "/refactor shipping")
    (final,) = await finals(story, number, 1)
    assert final.startswith("I pushed ")
    assert "| branches of `shipping` | 4 | 3 |" in final
    assert await changed(story, number) == ["notes.txt", PRODUCT]


async def test_a_checkout_gets_a_patch(tmp_path: Path) -> None:
    checkout = write(tmp_path / "post", FILES)
    git(checkout, "init", "-q", "-b", "main")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "Start")
    async with ScriptedModel(Script.load(GOOD)) as model:
        code, output, errors = await attempt(
            tmp_path, "run", "refactor", "--repo", checkout, "--text", "Decide the fee of shipping once.", **key(model)
        )
    assert code == 0, errors
    assert "+    fee = 9 if weight > LIMIT else 4" in output
    assert "| branches of `shipping` | 4 | 3 |" in output + errors
    assert git(checkout, "status", "--porcelain") == "", "nothing but words came of it"


async def test_a_program_has_a_rename_made(tell: Tell, tmp_path: Path) -> None:
    story = await tell([RENAME, JUDGED], source=lay(tmp_path))
    program = asker(story, story.maintainer)
    asked = {"text": "Rename shipping to shipping_fee", "deliver": "result"}
    started = await program.start("refactor", None, **asked)
    assert started.status == 202, started.text
    seen = [event async for event in follow(program, started.data["id"])]
    assert seen[-1]["data"]["state"] == "done"
    result = (await program.get(f"/api/v1/tasks/{started.data['id']}/result")).data
    assert result["form"] == "patch"
    assert "run again it makes every hunk" in five_parts(result)["implementation"]
