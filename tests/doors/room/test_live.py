"""A task's page while it is open: what changed is sent, behind the last thing seen, also after a kill."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import sqlalchemy as sa

from bot.doors.api import streams
from bot.doors.room.sessions import make_session
from bot.store import sessions, tasks
from bot.store.database import create_engine
from bot.store.sessions import SeenRepository
from bot.store.store import Store
from bot.store.tables import task
from bot.store.tasks import NewTask
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Request, Subject, TaskInput
from tests.doors.room.test_task import Room, room
from tests.support.api import opened
from tests.support.patience import PATIENCE
from tests.support.room import Visitor, visitor
from tests.test_serve import Server, server

__all__ = ["room", "server"]
Sent = tuple[int, str, dict[str, str]]


@asynccontextmanager
async def following(url: str, cookie: str, last: int | None = None) -> AsyncIterator[AsyncGenerator[Sent, None]]:
    """The messages of a stream: id, event and the versions of the parts in it."""
    headers = {"Cookie": cookie} | ({} if last is None else {"Last-Event-ID": str(last)})
    async with (
        asyncio.timeout(PATIENCE),
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers) as answer,
    ):
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        yield read(answer.content)


async def read(content: aiohttp.StreamReader) -> AsyncGenerator[Sent, None]:
    fields: dict[str, str] = {}
    async for line in content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = fields.get(name, "") + value
        elif fields:
            versions = dict(re.findall(r'id="live-(\w+)" data-version="(\w+)"', fields.get("data", "")))
            yield int(fields.get("id", 0)), fields["event"], versions or {"data": fields.get("data", "")}
            fields = {}


def write_cookie(visitor: Visitor) -> str:
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())


def add(room: Room, kind: str, **data: str) -> None:
    with opened(room.story) as store:
        store.run_sync(tasks.add_event, room.task, kind, data)


async def test_parts_that_changed_are_sent_until_the_end(room: Room) -> None:
    page = (await room.reader.get(room.path)).text
    url = f"{room.reader.origin}{room.path}/live"
    after = re.findall(r'data-after="(\d+)"', page)[0]
    cookie = write_cookie(room.reader)
    shown = dict(re.findall(r'id="live-(\w+)" data-version="(\w+)"', page))
    async with following(f"{url}?after={after}", cookie) as stream:
        add(room, "stage", stage="read", state="started", text="")
        first, event, parts = await anext(stream)
        assert (event, set(parts)) == ("change", set(shown))
        assert {name for name in parts if parts[name] != shown[name]} == {"stages", "log", "state"}
        add(room, "budget", text="80 % of the day's money are used.")
        _, _, parts = await anext(stream)
        assert "log" in parts
        assert not {"acts", "calls", "files"} & set(parts), "what did not change is not sent"
        room.change("done")
        assert [event async for _, event, _ in stream][-1] == "end"
    async with following(url, cookie, first) as resumed:
        assert [event async for _, event, _ in resumed] == ["change", "end"]
    async with following(f"{url}?after=999999", cookie) as late:
        assert [event async for _, event, _ in late] == ["end"]


async def test_open_lists_hear_of_the_tasks_that_their_reader_may_see(room: Room) -> None:
    hidden = NewTask(
        id="0123456789ab", flow="fix", source="api", installation=1, repository="octo/hidden", actor="mara",
        argument={"repository": {"id": 999}},
    )  # fmt: skip
    for page in ("", "/tasks", "/approvals"):
        assert 'data-live="/room/live" data-after="' in (await room.reader.get(f"/room{page}")).text
    after = re.findall(r'data-after="(\d+)"', (await room.reader.get("/room/tasks")).text)[0]
    url, local = f"{room.reader.origin}/room/live?after={after}", await visitor(room.story, None)
    async with (
        following(url, write_cookie(room.reader)) as mine,
        following(url, write_cookie(local)) as everything,
    ):
        with opened(room.story) as store:
            store.run_sync(tasks.create, hidden)
            store.run_sync(tasks.close, hidden.id, "refused", {"state": "refused", "summary": "", "data": {}})
        told = json.loads((await anext(everything))[2]["data"])
        assert told == {"tasks": [hidden.id], "moved": True}
        add(room, "stage", stage="read", state="started", text="")
        assert json.loads((await anext(mine))[2]["data"]) == {"tasks": [room.task], "moved": False}
        room.change("done")
        assert json.loads((await anext(mine))[2]["data"]) == {"tasks": [room.task], "moved": True}


async def test_a_stream_ends_with_the_session(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_CHECK_SECONDS", 0)
    monkeypatch.setattr(streams, "_LOOK_SECONDS", 0.1)
    cookie = write_cookie(room.reader)
    async with following(f"{room.reader.origin}{room.path}/live", cookie) as stream:
        assert (await anext(stream))[1] == "change"
        assert (await room.reader.post("/room/sign-out")).status == 303
        assert [event async for _, event, _ in stream] == []


async def waits(store: Store, place: Repository) -> str:
    """A task that waits, in the database only; the engine of the server has nothing to do with it."""
    who = Actor(login="mara", id=7)
    origin = Origin(door="api", principal=Principal(actor=who), key="k", at="2026-01-01T00:00:00Z", delivery="d")
    request = Request[TaskInput](
        repository=place, subject=Subject(kind="issue", number=1, title="A"), origin=origin, input=TaskInput()
    )
    new = NewTask(
        id="0123456789ab", flow="fix", source="api", installation=1, repository=place.full_name, actor="mara",
        argument=request.model_dump(mode="json"), number=1,
    )  # fmt: skip
    await store.run(tasks.create, new)
    told = {"state": "awaiting_approval", "summary": "", "data": {}}
    await store.run(tasks.close, new.id, "awaiting_approval", told)
    closed = sa.update(task).values(posted={"closed": True})
    await store.run(lambda connection: connection.execute(closed))
    return new.id


async def test_another_process_is_heard_and_a_killed_server_goes_on(server: Server) -> None:
    place = Repository(id=9, owner="octo", name="sample", installation=1)
    store = Store(create_engine(f"sqlite:///{server.settings['FORGEHAND_DATA_DIR']}/forgehand.db"))
    store.migrate()
    task_id = await waits(store, place)
    seen = [SeenRepository(repository=place, role="read")]
    session, secret = make_session(Actor(login="mara", id=7), "a test", seen)
    await store.run(sessions.add, session)
    url, cookie = f"http://127.0.0.1:{server.port}/room/tasks/{task_id}/live", f"forgehand-session={secret}"
    process = await server.start()
    await server.until_lacking()
    async with following(url, cookie) as stream:
        assert (await anext(stream))[1] == "change"
        await store.run(tasks.add_event, task_id, "stage", {"stage": "read", "state": "started"})
        last, event, parts = await anext(stream)
        assert (event, "stages" in parts) == ("change", True), "what this process wrote is heard in the server's"
        process.kill()
        with pytest.raises(aiohttp.ClientError):
            await anext(stream)
    await process.wait()
    await store.run(tasks.add_event, task_id, "stage", {"stage": "read", "state": "done"})
    await server.start()
    await server.until_lacking()
    async with following(url, cookie, last) as stream:
        newest, event, parts = await anext(stream)
        assert (newest > last, event, "stages" in parts) == (True, "change", True)
    store.close()
