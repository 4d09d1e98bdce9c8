"""A secret in a pull request is told, followed over pushes and closed; its text is only in the repository."""

from __future__ import annotations

import sqlite3

from simhub.model import Thread
from tests.e2e.answers import Rule, calls
from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, finding, reports, verdict
from tests.e2e.test_review_memory import rows, threads
from tests.support.pulls import propose, push, remarks, reviewed
from tests.support.story import Story

VALUE = "Xk29fj20fkQzW8vL"
LINE = f'DB_PASSWORD = "{VALUE}"\n'
SECRET = "This line looks as if it held a secret (Secret Keyword)."
RISKY = LINE.replace("\n", "  # never rotated\n")
CHANGED = "earlier version of the change"
LOOKS: list[Rule] = [
    {
        "match": {"text": "Concern: correctness", "turn": turn},
        "reply": calls(("read", {"path": PRICES}), ("search", {"query": "DB_PASSWORD"})),
    }
    for turn in (0,)
]
TRIES: Rule = {"match": {"tool": "verdict", "turn": 0}, "reply": calls(("run", {"command": f"cat {PRICES}"}))}
STILL: Rule = verdict(True, failing_input="") | {"match": {"tool": "verdict", "text": CHANGED}, "reusable": True}


def nowhere(story: Story) -> None:
    """The secret is in nothing that we write: no row of the database, no request to a model, no log line.

    GitHub itself delivers the lines above a comment on them, and a delivery is stored as it came.
    """
    data = story.root / "data"
    with sqlite3.connect(f"file:{data / 'forgehand.db'}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        rows = {name: repr(database.execute(f'select * from "{name}"').fetchall()) for name in tables}
        delivered = database.execute("select event from fh_delivery where instr(payload, ?)", (VALUE.encode(),))
        assert {event for (event,) in delivered} <= {"pull_request_review_comment"}
    assert "hidden_secret_" in rows["fh_finding"]
    assert [name for name, text in rows.items() if VALUE in text and name != "fh_delivery"] == []
    said = [request.text + request.system for request in story.script.requests]
    assert [text for text in said if VALUE in text] == []
    assert any("hidden_secret_" in text for text in said), "the line itself is shown"
    assert VALUE not in story.log


async def secret(story: Story, number: int) -> Thread:
    (found,) = [thread for title, thread in threads(story, number).items() if title.startswith(SECRET[:20])]
    return found


async def test_a_secret_is_told_and_followed_without_its_text(tell: Tell) -> None:
    story = await tell([STILL, *LOOKS, reports(finding(line=9)), TRIES, PROVED, QUIET])
    number = await propose(story, {PRICES: BUGGY + "\n\n" + LINE})
    await reviewed(story, number)
    told = await secret(story, number)
    assert "detect-secrets:secret-keyword" in told.comments[0].body
    assert [VALUE in one["body"] for one in await remarks(story, number)] == [False, False]
    assert "hidden_secret_" in (await remarks(story, number))[0]["body"] + (await remarks(story, number))[1]["body"]
    nowhere(story)

    # Moved, and other code around it: it is still there, and no model is needed to see that.
    asked = len(story.script.requests)
    moved = await push(story, "topic", {PRICES: '"""Prices."""\n\nimport os\n\n' + LINE + BUGGY}, onto="topic")
    await reviewed(story, number, sha=moved)
    assert (await secret(story, number)).resolved_by is None
    edited = await push(story, "topic", {PRICES: RISKY + BUGGY.replace("whole)", "whole or 0)")}, onto="topic")
    await reviewed(story, number, sha=edited)
    assert (await secret(story, number)).resolved_by is None
    prompts = [request.text for request in story.script.requests[asked:]]
    assert prompts
    assert not any("looks as if it held a secret" in text for text in prompts)
    nowhere(story)

    fixed = await push(
        story, "topic", {PRICES: 'import os\n\nDB_PASSWORD = os.environ["DB_PASSWORD"]\n' + BUGGY}, onto="topic"
    )
    await reviewed(story, number, sha=fixed)
    after = await secret(story, number)
    assert after.resolved_by is not None
    assert after.comments[1].body.startswith(f"Fixed in {fixed}.")
    assert sorted(state for state, _ in rows(story).values()) == ["fixed", "open"]
    nowhere(story)
