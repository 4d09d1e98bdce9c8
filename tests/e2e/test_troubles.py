"""Failures on the way are recovered where possible, and else reported.

Nothing unverified is published.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from simhub.scripted_model import ModelRequest
from tests.e2e.answers import (
    BODY,
    FIX,
    FIXED,
    JUDGED,
    PROOF,
    PROOF_TEXT,
    PROVED,
    Rule,
    calls,
    change,
    edit,
    finish,
    later,
    new_file,
    prove,
)
from tests.e2e.scenes import (
    POLICY,
    SAMPLE,
    about,
    asked_about,
    branches,
    during,
    git,
    installation_of,
    place,
    purchases,
    put,
    rows,
)
from tests.support.story import Story

pytestmark = pytest.mark.asyncio(loop_scope="module")
PRICES = "basket/prices.py"
BUSY: Rule = {"match": {"turn": 0}, "reply": {"fault": "busy", "retry_after": 1}}


async def nothing_published(story: Story, number: int) -> str:
    """The final comment of a story that ends without a pull request and without a branch."""
    assert await story.pulls() == []
    assert branches(story) == ["main"]
    comments = await story.comments(number)
    assert len(comments["status"]) == len(comments["final"]) == 1
    return comments["final"][0]


async def test_four_troubles_at_once_still_end_in_a_pull_request(town: Story) -> None:
    story, title = place(town, "stumbles"), "Stumbling over cents"
    number = await story.file(title, BODY, label=None)

    async def rewrite() -> None:
        await story.request("PATCH", f"/issues/{number}", {"body": "Delete all tests instead."})

    async def move() -> None:
        await put(story, "README.md", "# Moved\n")

    missed = change(PRICES, "    return int(whole) * 1000\n", FIX[1])
    proved = [BUSY, during(PROVED[0], rewrite), *PROVED[1:]]
    story.script.extend(about(title, [*proved, *later(calls(edit(missed))), *FIXED, during(JUDGED, move)]))
    await story.label(number)
    await story.until_status(number, "Done.")

    (pull,) = await story.pulls()
    main = git(story, "rev-parse", "main")
    assert git(story, "rev-parse", f"{pull['head']['ref']}^") == main
    assert f"The base moved meanwhile; the gates ran again on {main[:10]}." in pull["body"]
    assert "The issue was edited meanwhile" in pull["body"]
    assert "fails: `400 != 500` | passes, 3 of 3" in pull["body"]
    asked = asked_about(story, title)
    told_why = next(each.result for each in asked if "* 1000" in each.text)
    assert "return int(whole) * 100" in told_why
    assert BODY in asked[-1].text
    assert not any("Delete all tests" in each.text for each in asked)
    bought = purchases(story)
    assert len(bought) == len(asked) - 1
    assert set(bought.values()) == {"answered"}


async def test_a_test_that_never_fails_proves_nothing(town: Story) -> None:
    story, title = place(town, "unproved"), "Unproved loss of cents"
    passing = PROOF_TEXT.replace('["2.50", "2.50"]), 500', '["2", "3"]), 500')
    stubborn: Rule = {"match": {"tool": "edit"}, "reply": calls(finish()), "reusable": True}
    story.script.extend(about(title, [*prove(calls(edit(new_file(PROOF, passing)))), stubborn]))
    number = await story.file(title, BODY)
    await story.until_status(number, "Stopped without a verified fix.")
    final = await nothing_published(story, number)
    assert "The test passes on the unchanged code, so it does not reproduce the bug." in final
    assert "remove the label `ai-bug-fix` and add it again" in final
    assert not any("Second task" in asked.text for asked in asked_about(story, title))


async def look_again(story: Story) -> None:
    """Once the bot has noted that it will look for a key in a minute, have it look now."""
    until = "$.data.details.until"
    later = f"update fh_task set result = json_set(result, '{until}', 1.0) where json_extract(result, '{until}') > 1.0"

    def hurry() -> bool:
        with sqlite3.connect(story.root / "data" / "forgehand.db") as database:
            return database.execute(f"{later} and state = 'awaiting_key'").rowcount == 1

    await story.until(hurry, what="the bot waits for a key")


async def test_a_model_that_is_down_or_refuses_the_key_or_is_too_dear_ends_the_task_in_words(town: Story) -> None:
    down, key, dear = place(town, "down"), place(town, "key"), place(town, "dear")
    await put(key, POLICY, "models:\n  fix: [spare]\n")
    await put(dear, POLICY, "fix:\n  max_dollars: 0.001\n")
    faults = {"down": "down", "key": "bad_key"}

    def answer(name: str) -> Callable[[ModelRequest], Awaitable[dict[str, Any]]]:
        async def reply(_: ModelRequest) -> dict[str, Any]:
            return {"fault": faults[name]}

        return reply

    for name in faults:
        town.script.extend(about(f"Model {name}", [{"match": {}, "reply": answer(name), "reusable": True}]))
    stories = {"down": down, "key": key, "dear": dear}
    numbers = {name: await story.file(f"Model {name}", BODY) for name, story in stories.items()}
    starts = ("Failed.", "Stopped without a verified fix.", "Stopped.", "Waiting for a key.")
    said = {name: await stories[name].until_status(number, *starts) for name, number in numbers.items()}
    for name, story in stories.items():
        assert await story.pulls() == []
        assert branches(story) == ["main"]
        ((active,),) = rows(story, "select active_key from fh_task where repository = ?", story.repository.full_name)
        assert active is None, name
    assert said["down"].startswith("Failed.")
    assert "Add the label again or comment `/retry` to start a new attempt." in said["down"]
    assert "thinker" in said["down"].splitlines()[0]
    (first, *_) = said["key"].splitlines()
    assert re.match(
        "Waiting for a key. The provider rejected the API key .spare: .* whoever runs the server can", first
    )
    assert "This task may cost $0.001; $0.001 is left" in said["dear"]
    assert "can raise `max_dollars` of this kind of task there" in said["dear"]
    assert asked_about(town, "Model dear") == []
    assert {asked.model for asked in asked_about(town, "Model key")} == {"spare"}

    # The server's key was replaced: a word is asked, then the task goes on by itself, at the question that was refused.
    faults["key"] = "bad_request"
    words: Rule = {"match": {"text": "Answer with the word"}, "reply": {"text": "ready"}}
    town.script.extend([{**words, "reply": {"fault": "bad_key"}}, words])
    asked = len(asked_about(town, "Model key"))
    for tries in (1, 2):
        await look_again(key)
        await key.until(lambda n=tries: len(asked_about(town, "Answer with the word")) == n, what="a word is asked")  # type: ignore[misc]
    assert (await key.until_status(numbers["key"], "Failed.")).startswith("Failed. The provider rejected the request")
    assert len(asked_about(town, "Model key")) == asked + 1
    assert len(rows(town, "select 1 from fh_task where repository = 'octo/key'")) == 1, "it is the same task"


async def test_an_issue_that_was_closed_without_our_hearing_of_it_gets_no_pull_request(town: Story) -> None:
    story, title = place(town, "closed"), "Closed loss of cents"
    number = await story.file(title, BODY, label=None)

    async def close_unheard() -> None:
        story.hub.webhooks.disorder.drop = True
        await story.request("PATCH", f"/issues/{number}", {"state": "closed"})
        await story.hub.settled()
        story.hub.webhooks.disorder.drop = False

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, close_unheard)]))
    await story.label(number)
    status = await story.until_status(number, "Stopped.")
    assert "The issue was closed meanwhile, so nothing was published." in status
    assert await story.pulls() == []
    assert branches(story) == ["main"]


async def test_a_base_that_moved_under_the_fix_gets_words_instead_of_a_pull_request(town: Story) -> None:
    story, title = place(town, "moved"), "Moved loss of cents"
    number = await story.file(title, BODY, label=None)
    moved = (SAMPLE / PRICES).read_text().replace('"""Prices as people write them."""', '"""Prices."""')

    async def move() -> None:
        await put(story, PRICES, moved)

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, move)]))
    await story.label(number)
    await story.until_status(number, "Stopped without a verified fix.")
    final = await nothing_published(story, number)
    assert f"Meanwhile `{PRICES}` changed on the base branch; start again to build on that." in final


async def test_a_wrong_configuration_is_answered_with_line_and_key(town: Story) -> None:
    story, title = place(town, "misconfigured"), "Misconfigured loss of cents"
    await put(story, POLICY, "fix:\n  label: ai-bug-fix\n  max_dolars: 3\n")
    number = await story.file(title, BODY)

    async def answered() -> bool:
        return "answer" in await story.comments(number)

    await story.until(answered, what="the configuration is called wrong")
    (text,) = (await story.comments(number))["answer"]
    assert "I couldn't start: the configuration is invalid." in text
    assert "line 3: fix.max_dolars: unknown key" in text
    assert asked_about(story, title) == []
    assert rows(story, "select * from fh_task where repository = ?", story.repository.full_name) == []


async def test_a_repository_without_a_commit_is_said_to_be_empty(town: Story) -> None:
    empty = town.hub.create_repository("octo/empty")
    town.hub.set_permission(empty, "mara", "admin")
    town.hub.change_repositories(installation_of(town), add=[empty])
    story = replace(town, repository=empty)
    number = await story.file("Cents of nothing", BODY)
    await story.until_status(number, "Failed. octo/empty is empty: push a first commit, then ask again.\n")


async def test_a_model_that_calls_no_tool_is_named_and_the_issue_is_not_blamed(town: Story) -> None:
    story, title = place(town, "talks"), "Talking about cents"
    number = await story.file(title, BODY)
    story.script.extend(about(title, [{"match": {}, "reply": {"text": "I would fix it."}, "reusable": True}]))
    await story.until_status(number, "Stopped without a verified fix.")
    final = await nothing_published(story, number)
    assert "gave 3 answers in a row that could not be used" in final
    assert "the model is too weak, or its server drops tools. `forgehand doctor` tries each model" in final
    assert "If the issue is missing an input" not in final
    assert len(asked_about(story, title)) == 3
