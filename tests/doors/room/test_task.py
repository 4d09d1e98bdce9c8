"""The page of a task in every state, its files, and its acts by the functions of the API."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from bot.engine.port import FINAL_STATES, TaskState
from bot.store import approvals, artifacts, tasks
from bot.store.tables import audit, task
from bot.work.artifacts import make
from tests.support.api import Answer, asker, opened
from tests.support.room import Visitor, visitor
from tests.support.story import Story

PATCH = """diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,2 +1,2 @@
---- was here
+<script>alert(1)</script> sk-ant-{key}
 same
""".format(key="a" * 30)
EVIDENCE = {
    "gates": {"gates": [{"name": "regressions", "passed": True, "before": "41 passed", "after": "42 passed"}]},
    "proof": {"tests": ["test_a"], "reason": "As the issue says."},
    "judgement": {"model": "m-large", "passed": True},
}


@dataclass
class Room:
    """A task, and who may write and who may only read where it is."""

    story: Story
    task: str
    writer: Visitor
    reader: Visitor

    @property
    def path(self) -> str:
        return f"/room/tasks/{self.task}"

    def change(self, state: str, **data: Any) -> None:
        """Have the task be in a state, as the engine would."""
        result = {"state": state, "summary": f"It is <{state}>.", "data": data}
        with opened(self.story) as store:
            if state not in FINAL_STATES:
                new = sa.update(task).where(task.c.id == self.task).values(state=state, started=task.c.created)
                store.run_sync(lambda connection: connection.execute(new))
            else:
                store.run_sync(lambda connection: connection.execute(sa.update(task).values(ended=None)))
                store.run_sync(tasks.close, self.task, state, result)

    def leave(self) -> None:
        """Leave a patch and what ran for it."""
        files = [make("change.patch", "patch", PATCH, ()), make("evidence.json", "evidence", json.dumps(EVIDENCE), ())]
        with opened(self.story) as store:
            for one in files:
                store.run_sync(artifacts.put, self.task, one.row, one.text)

    async def act(self, page: Answer, act: str, **fields: str) -> Answer:
        """Send a form of the page."""
        forms = re.findall(rf'action="{self.path}/{act}".*?</form>', page.text, re.S)
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', forms[0] if forms else ""))
        return await self.writer.post(f"{self.path}/{act}", {**hidden, **fields})


@pytest.fixture
async def room(story: Story) -> Room:
    ann = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "read")
    number = await story.file("Cents <b>are</b> lost", "B", label=None)
    begun = await asker(story, story.maintainer).start("fix", number)
    return Room(story, begun.data["id"], await visitor(story, story.maintainer), await visitor(story, ann))


async def test_a_page_is_right_in_every_state_and_shows_texts_as_texts(room: Room) -> None:
    room.leave()
    with opened(room.story) as store:
        told = {"stage": "read", "state": "started", "text": "<i>x</i>"}
        store.run_sync(tasks.add_event, room.task, "stage", told)
    may = {"queued": {"cancel"}, "running": {"cancel"}, "done": set[str]()}
    may |= {"awaiting_answer": {"answer", "cancel"}, "awaiting_approval": {"approval"}, "awaiting_key": {"cancel"}}
    for state in get_args(TaskState):
        room.change(state, report="**Bold** <u>", parts={"tests": {"measured": True, "text": "42 ran"}})
        page = await room.writer.get(room.path)
        assert page.status == 200, page.text
        acts = set(re.findall(rf'action="{room.path}/(\w+)"', page.text))
        assert acts == may.get(state, {"retry"}), state
        assert ("data-live" in page.text) is (state not in FINAL_STATES or state.startswith("awaiting")), state
        asks = state == "awaiting_answer"  # what is typed must not go
        assert ("http-equiv" in page.text) is ("data-live" in page.text and not asks), state
        assert not re.search(r"<(?:b|i|u|script)>", page.text), "what others wrote is text"
        assert "sk-ant-" not in page.text
        if state in FINAL_STATES:
            assert f"It is &lt;{state}&gt;." in page.text
            assert "42 ran" in page.text
        assert "1 file, " in page.text
        assert "41 passed" in page.text
        assert re.search(r"<rect[^>]*><title>Read", page.text)
        seen = await room.reader.get(room.path)
        assert not re.search(rf'action="{room.path}/', seen.text), "a reader is offered nothing that is refused"
    stranger = await visitor(room.story, room.story.hub.create_user("zed"))
    for path in ("", "/live", "/files/log.txt"):
        assert (await stranger.get(f"{room.path}{path}")).status == 404
    patch = await room.reader.get(f"{room.path}/files/change.patch")
    assert (patch.status, "attachment" in patch.headers["Content-Disposition"]) == (200, True)
    assert "queued flow=fix" in (await room.reader.get(f"{room.path}/files/log.txt")).text
    assert (await room.reader.get(f"{room.path}/files/none.txt")).status == 404


async def test_acts_are_those_of_the_api_and_a_reader_may_none(room: Room) -> None:
    for act, form in (
        ("cancel", {}),
        ("retry", {"key": "k"}),
        ("approval", {"key": "k", "answer": "approve"}),
        ("answer", {"key": "k", "text": ""}),
    ):
        refused = await room.reader.post(f"{room.path}/{act}", form)
        assert (refused.status, "needs" in refused.text or "write" in refused.text) == (403, True), refused.text
    with opened(room.story) as store:
        query = sa.select(audit.c.action).where(audit.c.actor == "ann", audit.c.allowed.is_(False))
        said = store.run_sync(lambda connection: list(connection.execute(query).scalars()))
    assert said == ["cancel fix", "retry fix", "approve fix", "answer fix"]
    stopped = await room.act(await room.writer.get(room.path), "cancel")
    assert (stopped.status, stopped.headers["Location"]) == (303, room.path)
    page = await room.writer.get(room.path)
    assert "being stopped" in page.text
    assert "mara cancelled the task before the work began." in page.text
    first = await room.act(page, "retry")
    again = await room.act(page, "retry")
    assert first.headers["Location"] == again.headers["Location"] != room.path, "clicked twice it is one task"
    assert first.headers["Location"].removeprefix("/room/tasks/") in (await room.writer.get(room.path)).text
    room.change("awaiting_approval", waits_for="approval")
    late = await room.act(page, "retry")
    assert late.headers["Location"] == again.headers["Location"]
    wrong = await room.writer.post(f"{room.path}/approval", {"key": "k", "answer": "perhaps"})
    assert wrong.status == 400
    declined = await room.act(await room.writer.get(room.path), "approval", answer="decline")
    assert declined.headers["Location"] == room.path
    assert "was declined" in (await room.writer.get(room.path)).text


async def test_what_others_have_to_approve_is_not_offered_to_who_asked(room: Room) -> None:
    bob = room.story.hub.create_user("bob")
    room.story.hub.set_permission(room.story.repository, "bob", "write")
    room.change("awaiting_approval", waits_for=approvals.WAITS, digest="d" * 64, people=2)
    page = await room.writer.get(room.path)
    assert "somebody else has to approve it" in page.text
    assert 'value="approve"' not in page.text
    forced = await room.act(page, "approval", answer="approve")
    assert forced.headers["Location"] == room.path
    assert "asked for this change" in (await room.writer.get(room.path)).text
    other = await visitor(room.story, bob)
    offered = await other.get(room.path)
    assert 'value="approve"' in offered.text
    assert "0 of 2 approved it." in offered.text
    given = await other.post(f"{room.path}/approval", {"key": "bobs", "answer": "approve"})
    assert given.headers["Location"] == room.path
    assert "Your approval counts: 1 of 2 approved it." in (await other.get(room.path)).text
    program = asker(room.story, bob)
    place, said = f"/api/v1/tasks/{room.task}/approval", {"answer": "approve"}
    for key in ("1", "1", "2"):
        again = await program.ask("POST", place, said, Idempotency_Key=key)
        assert (again.status, again.data["approvals"]) == (200, {"given": 1, "needed": 2}), (
            "the same person twice is one"
        )
    assert "1 of 2 approved it." in (await room.writer.get(room.path)).text
