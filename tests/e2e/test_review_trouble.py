"""Reviews in trouble: models that are down or too dear, and SIGKILL in the middle: each ends, says so, and once."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.e2e.answers import Rule
from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, finding, reports
from tests.e2e.scenes import POLICY, asked_about, deliver, place, purchases, put, rows, sent
from tests.e2e.test_crashes import kill_after, restarted
from tests.support.pulls import propose, remarks, reviewed, reviews, runs
from tests.support.story import Story


async def test_without_a_model_the_check_ends_and_says_so(tell: Tell) -> None:
    down: Rule = {"match": {"text": "No model answers"}, "reply": {"fault": "bad_request"}, "reusable": True}
    unchecked: Rule = {"match": {"tool": "verdict"}, "reply": {"fault": "bad_request"}, "reusable": True}
    story = await tell([down, reports(finding(), text=["Concern: correctness", "Half"]), unchecked, QUIET])
    number = await propose(story, {PRICES: BUGGY}, title="No model answers")
    run = await reviewed(story, number)
    assert (run["conclusion"], run["output"]["title"]) == ("neutral", "Not complete: 1 file could not be read")
    assert f"`{PRICES}`: " in run["output"]["summary"]
    assert [action["identifier"] for action in story.repository.suites[0].runs[0].actions] == ["review-again"]
    assert await remarks(story, number) == []

    # Nobody could check the finding: it is told as what it is.
    number = await propose(story, {PRICES: BUGGY}, title="Half", branch="half")
    await reviewed(story, number)
    assert await remarks(story, number) == []
    assert "1 unproved" in await story.status(number)

    dear = place(story, "dear")
    await put(dear, POLICY, "review: {max_dollars: 0.001}\n")
    number = await propose(dear, {PRICES: BUGGY}, title="Too dear")
    run = await reviewed(dear, number)
    assert run["output"]["title"] == "Not complete: 1 file could not be read"
    assert "This task may cost $0.00" in run["output"]["summary"]
    assert asked_about(dear, "Too dear") == []


async def test_money_set_aside_for_readers_beside_it_stops_none(tell: Tell) -> None:
    """The worst case of one call is about 0.07 dollars, of three at once more than the review may cost."""
    slow = {**QUIET["reply"], "delay": 0.5}
    story = await tell([reports(finding()), {**QUIET, "reply": slow}, PROVED])
    await put(story, POLICY, "review: {max_dollars: 0.17}\n")
    long = "".join(f"VALUE_{number} = {number}\n" for number in range(2800))
    number = await propose(story, {PRICES: f"{BUGGY}\n\n{long}"}, title="Just enough")
    run = await reviewed(story, number)
    assert run["output"]["title"] == "1 bug"
    # three parts, each read for what the code does and again for what tests and documentation say
    assert len([step for step in purchases(story) if "find-" in step]) == 6


async def test_a_review_killed_again_and_again_is_posted_once(tell: Tell) -> None:
    """First while the reader still writes: what it has told by then is verified, and that is paid for once."""

    async def kill() -> None:
        await story.until(lambda: any("verify-" in step for step in answered(story)), what="it is verified")
        await story.kill_bot()

    told = reports(finding())
    story = await tell([{**told, "reply": {**told["reply"], "hold": kill}}, told, QUIET, PROVED])
    number = await propose(story, {PRICES: BUGGY})
    kill_after(story, lambda record: record.method == "POST" and record.path.endswith("/reviews"))
    await restarted(story)
    kill_after(story, lambda record: record.method == "POST" and record.path.endswith("/comments"))
    await restarted(story)
    await restarted(story)
    run = await reviewed(story, number)
    assert (run["conclusion"], run["output"]["title"]) == ("neutral", "1 bug")
    assert len(await reviews(story, number)) == len(await remarks(story, number)) == 1
    assert len((await story.comments(number))["status"]) == 1
    assert [run.external_id for suite in story.repository.suites for run in suite.runs] == [run["external_id"]]
    assert set(purchases(story).values()) == {"answered"}
    asked = Counter(request.text for request in story.script.requests)
    assert sum(count > 1 for count in asked.values()) == 1, "only what the first kill interrupted is asked again"
    assert sum("verdict" in request.tools for request in story.script.requests) == 1
    assert rows(story, "select state, active_key from fh_task") == [("done", None)]
    await asked_of_the_bot_itself(story, number, run)


def answered(story: Story) -> list[str]:
    """The steps whose answers are paid for."""
    return [step for step, state in purchases(story).items() if state == "answered"]


async def asked_of_the_bot_itself(story: Story, number: int, run: dict[str, Any]) -> None:
    """A review requested of the bot, as GitHub tells of it; what is known costs nothing."""
    asked = len(story.script.requests)
    payload = json.loads(sent(story, "pull_request", "opened")[0].body)
    payload |= {"action": "review_requested", "requested_reviewer": {"id": story.app.bot_id, "login": "forgehand[bot]"}}
    assert await deliver(story, "pull_request", json.dumps(payload).encode()) == 202
    await story.until(lambda: any(each.id > run["id"] for each in runs(story, number)), what="it is answered")
    assert "no model was asked" in (await reviewed(story, number))["output"]["summary"]
    assert len(story.script.requests) == asked
