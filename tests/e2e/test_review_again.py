"""A hunk counts as read if it was read here, under the same rules.

And nothing happened to it since.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, finding, reports
from tests.e2e.scenes import POLICY, put
from tests.e2e.test_review_memory import FIRST, GUARDED, TWO, again, asked, rows, still, threads
from tests.support.pulls import propose, push, remarks, reviewed, runs
from tests.support.story import Story

GATED = '''"""Who may do what."""


class Reports:
    def export(self, user):
        log(user)
        require_admin(user)
        return send(self)

    def purge(self, user):
        log(user)
        require_admin(user)
        return send(self)
'''
_LINE = "        require_admin(user)\n"
_FIRST, _SECOND = GATED.index(_LINE), GATED.rindex(_LINE)
OPEN_EXPORT = GATED[:_FIRST] + GATED[_FIRST + len(_LINE) :]
OPEN_PURGE = GATED[:_SECOND] + GATED[_SECOND + len(_LINE) :]


async def test_the_same_line_taken_from_another_function_is_read(tell: Tell) -> None:
    story = await tell([QUIET])
    await push(story, "main", {"reports.py": GATED}, onto="main")
    number = await propose(story, {"reports.py": OPEN_EXPORT})
    assert (await reviewed(story, number))["conclusion"] == "success"
    read = asked(story, "Concern: ")
    head = await push(story, "topic", {"reports.py": OPEN_PURGE})
    await story.hub.settled()
    run = await again(story, number, "/review")
    assert (run["head_sha"], run["conclusion"]) == (head, "success")
    assert asked(story, "Concern: ") > read
    read = asked(story, "Concern: ")

    await push(story, "main", {"README.md": "# Reports\n"}, onto="main")
    await push(story, "topic", {"reports.py": OPEN_PURGE})
    await story.hub.settled()
    assert "not changed since it was last read" in (await again(story, number, "/review"))["output"]["summary"]
    assert asked(story, "Concern: ") == read, "a rebase is no reason to read it again"

    instructed = 'review: {instructions: {"*": "Every call needs require_admin."}}\n'
    await put(story, POLICY, instructed)
    await again(story, number, "/review")
    assert asked(story, "Every call needs require_admin.") > 0, "under other instructions nothing was read"


async def test_a_rejection_that_is_taken_back_opens_its_finding_again(tell: Tell) -> None:
    story = await tell([reports(finding()), PROVED, QUIET])
    number = await propose(story, {PRICES: BUGGY})
    await reviewed(story, number)
    (remark,) = await remarks(story, number)

    async def say(text: str) -> dict[str, Any]:
        await story.request("POST", f"/pulls/{number}/comments/{remark['id']}/replies", {"body": text})
        await story.hub.settled()
        return await again(story, number, "/review")

    assert (await say("Это не баг, так и задумано."))["conclusion"] == "success"
    run = await say("Good catch after all. Fixed in the next push, so this can't happen any more")
    assert (run["conclusion"], run["output"]["title"]) == ("neutral", "1 still open")
    assert len(await remarks(story, number)) == 1, "our own remark is not made twice"


async def test_a_fix_that_is_taken_back_opens_its_finding_again(tell: Tell) -> None:
    story = await tell([still(False, "if not cents:"), *FIRST])
    await put(story, POLICY, "review: {block: true}\n")
    number = await propose(story, {PRICES: TWO})
    run = await reviewed(story, number)
    first = run["head_sha"]
    fixed = await push(story, "topic", {PRICES: BUGGY + GUARDED}, onto="topic")
    run = await reviewed(story, number, sha=fixed)
    assert run["conclusion"] == "failure", "the other bug is still there, so a push lifts no block"
    assert threads(story, number)["Division by zero"].resolved_by is not None
    spent = len(story.script.requests)

    # Once by a commit on top, once by force back to the head on which it was found.
    back = await push(story, "topic", {PRICES: TWO}, onto="topic")
    await is_back(story, number, back)
    story.script.extend([still(False, "if not cents:")])
    story.script.rules.insert(0, story.script.rules.pop())
    mended = await push(story, "topic", {PRICES: BUGGY + GUARDED}, onto="topic")
    await reviewed(story, number, sha=mended)
    before = len(runs(story, number, first))
    await story.request("PATCH", "/git/refs/heads/topic", {"sha": first, "force": True})
    await story.until(lambda: len(runs(story, number, first)) > before, what="the old head is looked at again")
    await is_back(story, number, first)
    assert len(story.script.requests) == spent + 1, "the same code needs no second opinion"
    assert len(await remarks(story, number)) == 6

    # A result is not told again once people have settled what it calls open.
    await put(story, POLICY, "review: {block: true, inline: 6}\n")
    await again(story, number)
    for told in threads(story, number).values():
        place = f"/pulls/{number}/comments/{told.comments[0].id}/replies"
        await story.request("POST", place, {"body": "Won't fix."})
    assert (await again(story, number, "/review"))["conclusion"] != "failure"


async def is_back(story: Story, number: int, head: str) -> None:
    run = await reviewed(story, number, sha=head)
    thread = threads(story, number)["Division by zero"]
    assert thread.resolved_by is None
    assert thread.comments[-1].body.startswith(f"Back in {head}: ")
    assert rows(story)["Division by zero"][0] == "open"
    assert "1 back again" in run["output"]["title"]
    assert run["conclusion"] == "failure"


async def test_what_nobody_can_read_is_not_called_read(tell: Tell) -> None:
    story = await tell([QUIET])
    long = "".join(f"LINE_{number} = {number}\n" for number in range(200))
    await push(story, "main", {"old.py": long, "gone.txt": ""}, onto="main")
    number = await propose(story, {"old.py": None, "gone.txt": None}, title="In part")
    run = await reviewed(story, number)
    assert run["output"]["title"] == "1 file read only in part"
    assert run["output"]["summary"].startswith("I read 1 of 2 changed files (1 only in part)")
    assert "`old.py`: only the first 40 of its 200 removed lines were shown" in run["output"]["summary"]
    assert "`gone.txt`: removed, but was empty" in run["output"]["summary"]

    number = await propose(story, {}, title="Nothing", branch="empty")
    run = await reviewed(story, number)
    assert run["output"]["title"] == "Nothing to read"
    assert "changes no files" in run["output"]["summary"]
    assert "below" not in run["output"]["summary"]
