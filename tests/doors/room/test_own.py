"""What people have here themselves: tokens, sessions; and what administrators see of all: the audit."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import SAMPLE
from tests.support.api import Asker, asker
from tests.support.room import Visitor, visitor
from tests.support.story import Story
from tests.support.within import within


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with within(tmp_path, SAMPLE, administrators=["3000000001"]) as story:
        yield story


async def test_tokens_are_made_shown_once_and_revoked(story: Story) -> None:
    ann = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "write")
    hers, admins = await visitor(story, ann), await visitor(story, story.maintainer)
    form = {"name": "ci", "scopes": "run", "repository": "octo/sample", "days": "7"}
    made = await hers.post("/room/tokens", form)
    (token,) = re.findall(r"fhp_\w{42}", made.text)
    assert (await Asker(story, token).get("/api/v1/tasks?repository=octo/sample")).status == 403, "it may run, not read"
    listed = await hers.get("/room/tokens")
    assert token not in listed.text
    assert "octo/sample" in listed.text
    for wrong in ({"scopes": "admin"}, {"scopes": ""}, {"name": ""}, {"days": "1000"}, {"repository": "octo/none"}):
        assert (await hers.post("/room/tokens", form | wrong)).status in {400, 403}, wrong
    assert token[:10] in (await admins.get("/room/tokens")).text
    (path,) = re.findall(r'action="(/room/tokens/\w+/revoke)"', listed.text)
    other = story.hub.create_user("bob")
    story.hub.set_permission(story.repository, "bob", "admin")
    assert (await (await visitor(story, other)).post(path)).status == 404, "it is not his"
    gone = await hers.post(path)
    assert (gone.status, gone.headers["Location"]) == (303, "/room/tokens")
    assert "it is refused from now on" in (await hers.get("/room/tokens")).text
    assert "it is refused from now on" not in (await hers.get("/room/tokens")).text, "a message is shown once"
    assert (await Asker(story, token).get("/api/v1/task-types")).status == 401
    local = await visitor(story, None)
    assert "Say which GitHub account" in (await local.post("/room/tokens", {"name": "x", "scopes": "read"})).text
    assert "fhp_" in (await local.post("/room/tokens", {"name": "x", "scopes": "read", "account": "ann"})).text
    trail = (await asker(story, story.maintainer, "admin").get("/api/v1/audit")).data["items"]
    assert [row["actor"] for row in trail if row["allowed"] and "token" in row["action"]] == [
        "(administrator)",
        "ann",
        "ann",
    ]


async def test_sessions_are_listed_and_ended(story: Story) -> None:
    here, there = await visitor(story, story.maintainer), await visitor(story, story.maintainer)
    other = await visitor(story, None)
    listed = await here.get("/room/sessions")
    paths = re.findall(r'action="(/room/sessions/\w+/end)"', listed.text)
    assert len(paths) == 2, "the administrator's is not hers"
    assert (await other.post(paths[0])).status == 404
    for path in paths:
        await here.post(path)
        await there.post(path)
    assert [(await each.get("/room")).status for each in (here, there, other)] == [303, 303, 200]


async def test_audit_is_filtered_and_exported(story: Story) -> None:
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    task = (await asker(story, story.maintainer).start("ask", number, text="Why?")).data["id"]
    await asker(story, story.hub.create_user("=cmd")).start("ask", number, text="Why?")
    mara = await visitor(story, story.maintainer)
    everything = await mara.get("/room/audit")
    assert everything.text.count('data-label="When"') == 2
    assert (await mara.get("/room/audit?allowed=true&since=2020-01-01&repository=&task=")).text.count('"When"') == 1
    assert "No decision fits" in (await mara.get("/room/audit?since=2099-01-01")).text
    assert (await mara.get("/room/audit?allowed=perhaps")).status == 400
    lines = [json.loads(line) for line in (await mara.get("/room/audit.jsonl")).text.splitlines()]
    assert [line["allowed"] for line in lines] == [False, True]
    table = await mara.get("/room/audit.csv?allowed=false")
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert row["actor"] == "'=cmd", "no program takes it for a formula"
    assert "attachment" in table.headers["Content-Disposition"]
    of_task = (await asker(story, story.maintainer, "admin").get(f"/api/v1/audit?task={task}")).data["items"]
    assert all(row["task"] == task for row in of_task)
    assert (await Visitor(story).get("/room/audit.csv")).status == 303


async def test_home_tells_the_day(story: Story) -> None:
    empty = await (await visitor(story, story.maintainer)).get("/room")
    assert "Put the label <code>ai-bug-fix</code>" in empty.text
    assert 'href="/room/tour"' in empty.text.partition("Put the label")[2], "and where that is explained"
    assert 'of <span class="money">$50.00' in empty.text
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    await asker(story, story.maintainer).start("ask", number, text="Why?")
    ann = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "read")
    told = (await (await visitor(story, ann)).get("/room")).text
    assert "octo/sample#1" in told
    assert "$50.00" not in told, "the server's budget is not hers"
    zed = await visitor(story, story.hub.create_user("zed"))
    assert "octo/sample" not in (await zed.get("/room")).text
