"""What waits for people on one page, and starting a task with a form: kept while it is wrong, started once."""

from __future__ import annotations

import asyncio
import re

from bot.store import approvals, requests, tasks
from tests.doors.room.test_task import Room, room
from tests.e2e.scenes import handled
from tests.support.api import asker, opened
from tests.support.room import visitor
from tests.support.story import Story

__all__ = ["room"]


async def test_what_waits_stands_under_its_reason_with_all_that_helps_to_decide(room: Room) -> None:
    assert "Nothing waits for a decision" in (await room.writer.get("/room/approvals")).text
    room.leave()
    room.change("awaiting_approval", waits_for=approvals.WAITS, digest="d" * 64, people=2)
    own = (await room.writer.get("/room/approvals")).text
    assert "Changes that others have to approve" in own
    for told in ("1 file, ", "0 of 2 approved it", "41 passed", "&lt;script&gt;", "somebody else has to approve it"):
        assert told in own, told
    assert 'value="approve"' not in own
    bob = room.story.hub.create_user("bob")
    room.story.hub.set_permission(room.story.repository, "bob", "write")
    other = await visitor(room.story, bob)
    page = (await other.get("/room/approvals")).text
    form = re.findall(rf'action="({room.path}/approval)".*?name="key" value="(\w+)"', page, re.S)
    given = await other.post(form[0][0], {"key": form[0][1], "answer": "approve"})
    assert given.status == 303
    assert "1 of 2 approved it" in (await other.get("/room/approvals")).text
    assert 'value="approve"' not in (await room.reader.get("/room/approvals")).text
    room.change("awaiting_answer", report="1. Which cents?")
    asked = (await room.writer.get("/room/approvals")).text
    assert "Questions to answer" in asked
    assert "1. Which cents?" in asked
    room.story.repository.private = True
    stranger = await visitor(room.story, room.story.hub.create_user("zed"))
    assert "Nothing waits" in (await stranger.get("/room/approvals")).text


async def test_questions_are_answered_on_the_page_and_shown_below_the_issue(room: Room) -> None:
    room.change("awaiting_answer", report="1. Which cents?")
    local = await visitor(room.story, None)
    page = (await local.get(room.path)).text
    assert "names nobody on GitHub" in page
    assert set(re.findall(rf'action="{room.path}/(\w+)"', page)) == {"cancel"}
    asked = await room.writer.get(room.path)
    given = await room.act(asked, "answer", text="1. All of them.\r\n@ann knows </details>")
    new = given.headers["Location"].removeprefix("/room/tasks/")
    assert (given.status, new != room.task) == (303, True)
    again = await room.act(asked, "answer", text="1. All of them.\r\n@ann knows </details>")
    assert again.headers["Location"] == given.headers["Location"], "clicked twice it is one task"
    late = await room.act(asked, "answer", text="Others </textarea>")
    assert (late.status, "mara answered" in late.text) == (409, True)
    assert "readonly>\nOthers &lt;/textarea&gt;</textarea>" in late.text, "what was typed is kept"
    with opened(room.story) as store:
        found = store.run_sync(tasks.get, new)
    assert found is not None
    assert found.argument["origin"]["answers"] == [{"login": "mara", "text": "1. All of them.\n@ann knows </details>"}]
    (told,) = [text for text in await comments_of(room.story, 1) if "answered in the control room" in text]
    assert "> 1. All of them.\n> @\u200bann knows" in told
    assert (await room.reader.get(given.headers["Location"])).status == 200


async def test_of_two_who_answer_at_once_the_first_does(room: Room) -> None:
    room.change("awaiting_answer", report="1. Which cents?")
    bob = room.story.hub.create_user("bob")
    room.story.hub.set_permission(room.story.repository, "bob", "write")
    people = [room.writer, await visitor(room.story, bob)]
    with opened(room.story) as store:
        assert store.run_sync(requests.hold, "questions", room.task, "another", 60_000)
        await room.story.request("POST", "/issues/1/comments", {"body": "1. Some of them."})
        await handled(room.story)
        assert store.run_sync(tasks.list_followers, room.task) == [], "somebody answers in the room just then"
        store.run_sync(requests.release, "questions", room.task, "another")
    told = [text for text in await comments_of(room.story, 1) if "at the same moment" in text]
    assert len(told) == 1, "the comment stays, and whoever wrote it is told that it started nothing"
    sent = [
        person.post(f"{room.path}/answer", {"key": f"k{number}", "text": f"{number}. All of them."})
        for number, person in enumerate(people)
    ]
    given = await asyncio.gather(*sent)
    assert sorted(one.status for one in given) == [303, 409]
    posted = [text for text in await comments_of(room.story, 1) if "answered in the control room" in text]
    first, late = sorted(range(2), key=lambda number: given[number].status)
    assert len(posted) == 1
    assert f"> {first}. All of them." in posted[0]
    assert f"readonly>\n{late}. All of them.</textarea>" in given[late].text
    with opened(room.story) as store:
        assert len(store.run_sync(tasks.list_followers, room.task)) == 1
        assert store.run_sync(requests.hold, "questions", room.task, "died", 0), "nothing holds them any more"
        assert not store.run_sync(requests.hold, "questions", room.task, "other", 60_000)
        assert store.run_sync(requests.hold, "questions", room.task, "other", -1), "who holds them for too long is dead"


async def test_of_a_comment_and_an_answer_at_once_one_does(room: Room) -> None:
    room.change("awaiting_answer", report="1. Which cents?")
    given, _ = await asyncio.gather(
        room.writer.post(f"{room.path}/answer", {"key": "k", "text": "1. In the room."}),
        room.story.request("POST", "/issues/1/comments", {"body": "1. In a comment."}),
    )
    await handled(room.story)
    with opened(room.story) as store:
        (follower,) = store.run_sync(tasks.list_followers, room.task)
        found = store.run_sync(tasks.get, follower)
    assert found is not None
    posted = [text for text in await comments_of(room.story, 1) if "> 1. In the room." in text]
    answers = [one["text"] for one in found.argument["origin"]["answers"]]
    if given.status == 303:
        assert (answers, len(posted)) == (["1. In the room."], 1)
    else:
        assert (given.status, answers, posted) == (409, [], [])
        assert "readonly>\n1. In the room.</textarea>" in given.text


async def comments_of(story: Story, number: int) -> list[str]:
    return [each["body"] for each in (await story.request("GET", f"/issues/{number}/comments"))]


async def test_a_form_starts_a_task_once_and_keeps_what_was_typed_while_it_is_wrong(room: Room) -> None:
    listed = (await room.writer.get("/room/start")).text
    assert 'href="/room/start/ask"' in listed
    assert (await room.writer.get("/room/start/nothing")).status == 404
    filled = (await room.writer.get("/room/start/ask?repository=octo/sample&number=1")).text
    assert 'value="octo/sample"' in filled
    key = re.findall(r'name="form_key" value="(\w+)"', filled)[0]
    good = {"form_key": key, "repository": "octo/sample", "number": "1", "text": "Why?"}
    for wrong, field, words in (
        ({"number": "one"}, "number", "integer"),
        ({"text": ""}, "text", "required"),
        ({"number": "99"}, "number", "no issue or pull request 99"),
        ({"repository": "octo/none"}, "repository", ""),
    ):
        answer = await room.writer.post("/room/start/ask", {**good, **wrong})
        told = re.findall(rf'id="problem-{field}">([^<]*)<', answer.text)
        assert (answer.status >= 400, len(told)) == (True, 1), (wrong, answer.text)
        assert words in told[0]
        assert wrong.get("text", "Why?") in answer.text
        assert re.findall(r'name="form_key" value="(\w+)"', answer.text)[0] != key
    again = {**good, "form_key": re.findall(r'name="form_key" value="(\w+)"', filled)[0] + "2"}
    first = await room.writer.post("/room/start/ask", again)
    assert (first.status, "/room/tasks/" in first.headers["Location"]) == (303, True)
    assert (await room.writer.post("/room/start/ask", again)).headers["Location"] == first.headers["Location"]
    shown = await room.writer.get(first.headers["Location"])
    assert "(room)" in shown.text
    refused = await room.reader.post("/room/start/fix", {**good, "form_key": "k", "text": ""})
    assert (refused.status, "write" in refused.text) == (403, True)
    tasks = (await asker(room.story, room.story.maintainer).get("/api/v1/tasks?repository=octo/sample")).data["items"]
    assert [each["task"] for each in tasks] == ["ask", "fix"]
    local = await visitor(room.story, None)
    assert "names nobody on GitHub" in (await local.get("/room/start/fix")).text
