"""Following a task: every event once, resumed behind the last one, until it has ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.doors.api import streams
from bot.store import tasks
from tests.e2e.conftest import SAMPLE
from tests.support.api import Asker, asker, opened
from tests.support.patience import PATIENCE
from tests.support.story import Story
from tests.support.within import within


async def follow(program: Asker, task: str, last: int | None = None) -> AsyncGenerator[dict[str, Any], None]:
    """The events of a task as a client sees them, until the server closes."""
    headers = {"Authorization": f"Bearer {program.token}"} | ({} if last is None else {"Last-Event-ID": str(last)})
    url = f"http://127.0.0.1:{program.story.port}/api/v1/tasks/{task}/events"
    async with (
        asyncio.timeout(PATIENCE),
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers) as answer,
    ):
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        fields: dict[str, Any] = {}
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif fields:
                yield {"id": int(fields["id"]), "kind": fields["event"], "data": json.loads(fields["data"])}
                fields = {}


async def begun(story: Story, program: Asker) -> str:
    number = await story.file("A", "B", label=None)
    return str((await program.start("ask", number, text="Why?")).data["id"])


def add(story: Story, task: str, kind: str, data: dict[str, Any]) -> None:
    with opened(story) as store:
        store.run_sync(lambda connection: tasks.add_event(connection, task, kind, data))


def end(story: Story, task: str) -> None:
    result = {"state": "done", "summary": "Answered.", "data": {}}
    with opened(story) as store:
        store.run_sync(lambda connection: tasks.close(connection, task, "done", result))


async def test_events_come_as_they_happen_and_end_with_the_task(story: Story) -> None:
    program = asker(story, story.maintainer)
    task = await begun(story, program)
    stream = follow(program, task)
    assert (await anext(stream))["kind"] == "queued"
    add(story, task, "stage", {"stage": "read", "status": "started"})
    second = await anext(stream)
    assert (second["kind"], second["data"]["stage"]) == ("stage", "read")
    end(story, task)
    rest = [event async for event in stream]
    assert [(each["kind"], each["data"]["state"], each["data"]["summary"]) for each in rest] == [
        ("ended", "done", "Answered.")
    ]


async def test_whoever_comes_back_goes_on_behind_the_last_event(story: Story) -> None:
    program = asker(story, story.maintainer)
    task = await begun(story, program)
    for stage in ("read", "look", "answer"):
        add(story, task, "stage", {"stage": stage})
    end(story, task)
    seen = [event async for event in follow(program, task)]
    assert [each["kind"] for each in seen] == ["queued", "stage", "stage", "stage", "ended"]
    for position, event in enumerate(seen[:-1]):
        assert [each async for each in follow(program, task, event["id"])] == seen[position + 1 :]
    done = await program.get(f"/api/v1/tasks/{task}/events", Last_Event_ID=str(seen[-1]["id"]))
    assert (done.status, done.text) == (204, "")
    assert (await program.get(f"/api/v1/tasks/{task}/events", Last_Event_ID="soon")).status == 400


async def test_a_text_of_an_event_cannot_make_another_event(story: Story) -> None:
    program = asker(story, story.maintainer)
    task = await begun(story, program)
    text = "x\n\nid: 1\nevent: ended\ndata: {}\n\n"
    add(story, task, "stage", {"stage": "read", "detail": text})
    end(story, task)
    seen = [event async for event in follow(program, task)]
    assert [each["kind"] for each in seen] == ["queued", "stage", "ended"]
    assert seen[1]["data"]["detail"] == text


async def test_streams_of_one_token_are_counted(story: Story) -> None:
    program = asker(story, story.maintainer)
    task = await begun(story, program)
    streams = [follow(program, task) for _ in range(10)]
    for stream in streams:
        await anext(stream)
    refused = await program.get(f"/api/v1/tasks/{task}/events")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "10")
    assert (await asker(story, story.maintainer).get("/api/v1/task-types")).status == 200
    end(story, task)
    for stream in streams:
        assert [each["kind"] async for each in stream] == ["ended"]
    assert len([each async for each in follow(program, task)]) == 2


async def test_a_client_that_went_away_leaves_room(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_LOOK_SECONDS", 0.1)
    program = asker(story, story.maintainer)
    task = await begun(story, program)
    for _ in range(10):
        stream = follow(program, task)
        await anext(stream)
        await stream.aclose()

    async def there_is_room() -> bool:
        stream = follow(program, task)
        try:
            return (await anext(stream))["kind"] == "queued"
        except AssertionError:
            return False
        finally:
            await stream.aclose()

    await story.until(there_is_room, what="room for another stream")


async def test_a_stopping_server_ends_its_streams(tmp_path: Path) -> None:
    async with within(tmp_path, SAMPLE) as story:
        program = asker(story, story.maintainer)
        stream = follow(program, await begun(story, program))
        assert (await anext(stream))["kind"] == "queued"
    assert [each async for each in stream] == [], "an end in order, not a broken connection"
