"""Locked conversations, where GitHub lets an App say nothing: the work ends, its result is kept and says why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.answers import FIX, Rule, calls, change, edit, finish, judged
from tests.e2e.reading import BUGGY, PRICES, QUIET, finding, reports, verdict
from tests.e2e.scenes import POLICY, about, asked_about, during, place, put, rows
from tests.e2e.test_review_memory import still
from tests.support.pulls import check, propose, push, remarks, reviewed, reviews, runs
from tests.support.story import Story
from tests.support.typing import comment, on_line

pytestmark = pytest.mark.asyncio(loop_scope="module")
GOOD_PRICES = BUGGY.replace(FIX[0].strip() + ' + int(cents or "0")', FIX[1].strip())


async def lock(story: Story, number: int) -> None:
    await story.request("PUT", f"/issues/{number}/lock")


async def unlock(story: Story, number: int) -> None:
    await story.request("DELETE", f"/issues/{number}/lock")


def posts(story: Story, path: str) -> list[int]:
    """How requests to add something were answered, of all that Apps have sent."""
    there = f"/repos/{story.repository.full_name}{path}"
    sent = [each for each in story.hub.requests if each.kind == "installation" and each.method == "POST"]
    return [each.status for each in sent if each.path.endswith(there)]


async def kept(story: Story) -> str:
    """Wait until the only task is refused because of the lock; what it keeps."""
    query = "select state, result from fh_task where repository = ?"
    name = story.repository.full_name
    await story.until(lambda: [row[0] for row in rows(story, query, name)] == ["refused"], what="it is refused")
    ((_, result),) = rows(story, query, name)
    told = json.loads(result)
    assert "The conversation is locked" in told["summary"]
    return str(told["data"]["report"])


async def checked(story: Story, number: int) -> dict[str, Any]:
    """The check run at its end; of a summary comment that may not be posted nobody has to wait for."""

    def look() -> bool:
        return [each.status for each in runs(story, number)] == ["completed"]

    await story.until(look, what=f"the check run of #{number} has ended")
    found = await check(story, number)
    assert found is not None
    return found


async def test_a_review_tells_in_its_check_run_what_it_may_not_post(town: Story) -> None:
    story, title = place(town, "silent"), "Cents that nobody may discuss"

    async def close() -> None:
        await lock(story, 1)

    found = during(reports(finding(), text=["Concern: correctness", title]), close)
    story.script.extend(
        [found, {**QUIET, "match": {**QUIET["match"], "text": title}}, *about("One digit", [verdict()])]
    )
    number = await propose(story, {PRICES: BUGGY}, title=title)
    run = await checked(story, number)
    assert (run["conclusion"], run["output"]["title"]) == ("neutral", "1 bug")
    for part in ("The conversation is locked, so I could not comment on lines.", "One digit of cents", "1 proved"):
        assert part in run["output"]["summary"], part
    assert run["output"]["annotations_count"] == 1
    assert await reviews(story, number) == []
    assert posts(story, f"/pulls/{number}/reviews") == [422], "what cannot pass is not tried again"
    query = "select state, result from fh_task where repository = ?"
    ((state, result),) = rows(story, query, story.repository.full_name)
    assert state == "done"
    assert "The conversation is locked" in json.loads(result)["summary"]


async def test_a_fix_is_noticed_although_its_thread_is_locked(town: Story) -> None:
    story, title = place(town, "mended"), "Cents that are mended in silence"
    await put(story, POLICY, "review: { on: [opened, synchronize] }\n")
    told: Rule = reports(finding(), text=["Concern: correctness", title])
    quiet: Rule = {**QUIET, "match": {**QUIET["match"], "text": title}}
    gone = still(False, FIX[1].strip())
    story.script.extend([told, gone, *about("One digit", [verdict()]), quiet])
    number = await propose(story, {PRICES: BUGGY}, title=title)
    await reviewed(story, number)
    assert len(await remarks(story, number)) == 1
    await lock(story, number)
    sha = await push(story, "topic", {PRICES: GOOD_PRICES})
    run = await reviewed(story, number, sha=sha)
    assert run["conclusion"] == "success", run["output"]
    assert "1 fixed" in run["output"]["summary"]
    assert len(await remarks(story, number)) == 1, "nobody may answer there"
    (thread,) = story.repository.pulls[-1].threads
    assert thread.resolved_by is not None


async def test_suggestions_for_a_fork_are_kept_until_it_is_unlocked(town: Story) -> None:
    story, title = place(town, "forked"), "Cents of a locked fork"
    await put(story, POLICY, "review: { on: [] }\n")
    stranger = story.hub.create_user("lou")
    fork = story.hub.fork(story.repository, "lou")
    number = await propose(story, {PRICES: BUGGY}, title=title, by=stranger, fork=fork)

    async def close() -> None:
        await lock(story, number)

    old = '    return int(whole) * 100 + int(cents or "0")\n'
    met = judged(demands=[{"number": 1, "asked": True, "met": True, "why": "The diff shows it."}])
    story.script.extend(
        [
            {"match": {"system": "You change a pull request"}, "reply": calls(edit(change(PRICES, old, FIX[1])))},
            {"match": {"system": "You change a pull request"}, "reply": calls(finish("", "Digits."))},
            during({"match": {"system": "You check whether a change"}, "reply": met}, close),
        ]
    )
    await on_line(story, number, PRICES, 7, '/fix "2.5" is 250 cents')
    query = "select result from fh_task where repository = ? and state = 'refused'"
    name = story.repository.full_name
    await story.until(lambda: bool(rows(story, query, name)), what="it is refused")
    result = json.loads(rows(story, query, name)[0][0])
    assert "The conversation is locked." in json.dumps(result)
    assert "Unlock the conversation." in json.dumps(result)
    assert FIX[1].strip() in result["data"]["report"], "the change is in the task's result"
    assert posts(story, f"/pulls/{number}/reviews") == [422]
    asked = len(asked_about(story, "2.5"))
    await unlock(story, number)
    await comment(story, number, "/retry")
    await story.until(lambda: len(posts(story, f"/pulls/{number}/reviews")) > 1, what="it is posted")
    (block,) = await story.request("GET", f"/pulls/{number}/comments?per_page=1&direction=desc&sort=created")
    assert f"```suggestion\n{FIX[1]}```" in block["body"]
    assert len(asked_about(story, "2.5")) == asked, "nothing is bought again"


async def test_an_answer_that_may_not_be_given_is_in_the_tasks_result(town: Story) -> None:
    story = place(town, "asked")
    number = await story.file("Prices behind a lock", "Cents!", label=None)
    story.script.on({"text": "They are dropped in `basket/prices.py:7`."}, text="where are cents dropped")
    await lock(story, number)
    await comment(story, number, "/ask where are cents dropped?")
    assert "They are dropped in" in await kept(story)
    assert set(posts(story, f"/issues/{number}/comments")) <= {403}


async def test_a_description_is_written_where_nobody_may_answer(town: Story) -> None:
    story, title = place(town, "described"), "Cents that nobody may discuss"
    await put(story, POLICY, "review: { on: [] }\n")
    said = {"title": "Cents are read", "summary": "Prices keep their cents.", "files": [], "diagram": None}
    asked = {"match": {"system": "You describe", "text": title}, "reply": calls(("describe", said))}
    number = await propose(story, {PRICES: BUGGY}, title=title, body="Reads cents.")
    story.script.extend([asked])
    await lock(story, number)
    await comment(story, number, "/describe")
    query = "select state, result from fh_task where repository = ?"
    name = story.repository.full_name
    await story.until(lambda: [row[0] for row in rows(story, query, name)] == ["done"], what="it is described")
    body = (await story.request("GET", f"/pulls/{number}"))["body"]
    assert body.startswith("Reads cents.")
    assert "**Cents are read**" in body
    assert set(posts(story, f"/issues/{number}/comments")) <= {403}


async def test_improvements_that_may_not_be_posted_are_in_the_tasks_result(town: Story) -> None:
    story, title = place(town, "improved"), "Cents that nobody may improve"
    await put(story, POLICY, "review: { on: [] }\n")
    better = {"path": PRICES, "line": 7, "quote": BUGGY.splitlines()[-1], "replacement": FIX[1].rstrip("\n")}
    said = {"suggestions": [{**better, "why": "Half a price is not five cents."}]}
    asked = {"match": {"system": "You suggest", "text": title}, "reply": calls(("improve", said))}
    number = await propose(story, {PRICES: BUGGY}, title=title)
    story.script.extend([asked])
    await lock(story, number)
    await comment(story, number, "/improve")
    result = await kept(story)
    for part in ("Half a price is not five cents.", f"```suggestion\n{FIX[1]}```", f"{PRICES}:7"):
        assert part in result, part
    assert posts(story, f"/pulls/{number}/reviews") == [422]
