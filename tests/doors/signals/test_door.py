"""The door for signals over HTTP: stored before the answer, replays collapsed, strangers told nothing."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
import sqlalchemy as sa

from bot.doors.signals import admin
from bot.doors.signals.admin import SourceError, sign_sample
from bot.doors.signals.book import FRESH_SECONDS
from bot.doors.signals.verification import TOKEN_HEADER
from bot.sealing.local import FILE
from bot.sealing.port import SealError
from bot.settings import Settings
from bot.store.tables import delivery
from bot.types import SourceKind
from tests.doors.api.test_admin import run
from tests.e2e.scenes import POLICY, SAMPLE, handled, rows
from tests.support.api import asker
from tests.support.story import Story

SECRET = "planted-secret-of-a-sender"
FIRING = {"version": "4", "status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "Down"}}]}


@dataclass
class Sender:
    """A source as its sender knows it."""

    story: Story
    kind: SourceKind
    url: str
    secret: str = SECRET

    @property
    def id(self) -> str:
        return self.url.split("/")[-2]

    async def send(self, body: Any, *, url: str = "", **headers: str) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = sign_sample(self.kind, data, self.secret) | headers
        async with aiohttp.ClientSession() as session, session.post(url or self.url, data=data, headers=sent) as answer:
            return answer.status, (await answer.json())["message"]

    def stored(self) -> list[Any]:
        return rows(
            self.story, f"select guid, event, payload, error from fh_delivery where guid like 'signal-{self.id}-%'"
        )


def settings_of(story: Story) -> Settings:
    """The settings of the story's server, for commands that run in this process."""
    return Settings.model_validate(
        {
            "app_id": story.app.app_id,
            "private_key": story.app.private_key,
            "api_url": story.hub.api_url,
            "data_dir": story.root / "data",
            "public_url": f"http://127.0.0.1:{story.port}",
        }
    )


async def add(story: Story, kind: SourceKind, secret: str | None = SECRET) -> Sender:
    file = story.root / "secret"
    file.write_text(f"{secret}\n")
    given = file if secret else None
    told = await admin.add_source(settings_of(story), kind, "octo/sample", name=None, secret_file=given)
    found = re.search(r"signals test (\S+/signals/\S+)`", told)
    assert found is not None
    assert (found[1] in told.partition("Try it")[0]) or kind == "jenkins"
    return Sender(story, kind, found[1])


def with_incidents(folder: Path) -> Path:
    """The sample repository with a policy that wants incidents."""
    source = folder / "source"
    shutil.copytree(SAMPLE, source)
    (source / POLICY).parent.mkdir(exist_ok=True)
    (source / POLICY).write_text("incidents: { enabled: true }\n")
    return source


async def known() -> None:
    """Wait until the server has read its sources again."""
    await asyncio.sleep(FRESH_SECONDS + 0.1)


async def test_stored_before_the_answer_once(story: Story) -> None:
    for sender in [await add(story, kind) for kind in get_args(SourceKind)]:
        assert await sender.send({"news": 1}) == (202, "Stored.")
        again = await sender.send({"news": 1})
        assert again == (202, "Stored." if sender.kind == "own" else "Stored before; not done again.")
        first = sender.stored()[0]
        assert first[1] == f"signal.{sender.kind}"
        payload = json.loads(first[2])
        assert (payload["source"], json.loads(payload["body"])) == (sender.id, {"news": 1})
    await handled(story)
    assert rows(story, "select error from fh_delivery where event like 'signal.%' and error is not null") == []
    assert admin.list_sources(settings_of(story)).count("one secret; last heard") == 7
    administrator, program = asker(story, story.maintainer, "admin"), asker(story, story.maintainer)
    listed = (await administrator.get("/api/v1/signal-sources")).data["items"]
    assert [each["kind"] for each in listed] == list(get_args(SourceKind))
    assert all((each["secrets"], each["seen_at"] is not None) == (1, True) for each in listed)
    assert SECRET not in str(listed)
    assert (await program.get("/api/v1/signal-sources")).status == 403


async def test_strangers_learn_nothing(story: Story) -> None:
    sender, waiting = await add(story, "alertmanager"), await add(story, "pagerduty", secret=None)
    base = sender.url.rpartition("/")[0]
    wrong = [base + "/wrong", sender.url.replace(sender.id, "0" * 16), base + "/%00", base + "/" + "x" * 3_000]
    assert [await sender.send(FIRING, url=url) for url in wrong] == [(404, "There is nothing at this address.")] * 4
    assert (await sender.send(FIRING, **{TOKEN_HEADER: "guess"}))[0] == 401
    status, words = await waiting.send({"event": {}})
    assert (status, "No secret is set" in words) == (401, True)
    assert admin.remove_source(settings_of(story), sender.id) == f"Removed {sender.id}."
    await known()
    assert await sender.send(FIRING) == (404, "There is nothing at this address.")
    assert sender.stored() == []


async def test_signed_nonsense_is_taken(story: Story) -> None:
    """A 4xx would have some senders drop what follows, and others repeat it for ever."""
    sender = await add(story, "pagerduty")
    deep, digits, lone = b"[" * 50_000, b"9" * 5_000, b'{"a": "\\ud800"}'
    nonsense = [b"", b"{", b"[1]", b"\xff\xfe", b"null", b"\0" * 100, deep, digits, lone]
    assert [(await sender.send(body))[0] for body in nonsense] == [202] * len(nonsense)
    posing = {"action": "created", "installation": {"id": 1}, "repository": {"id": 1, "owner": {"login": "y"}}}
    assert (await sender.send(posing))[0] == 202
    await handled(story)
    stored = sender.stored()
    assert {row[3] for row in stored} == {None}
    assert all(set(json.loads(row[2])) == {"source", "received", "installation", "body"} for row in stored)
    assert len(stored) == len(nonsense) + 1


async def test_bodies_are_bounded(story: Story) -> None:
    sender = await add(story, "sentry")
    largest = b'{"x": "' + b"y" * (1024 * 1024 - 9) + b'"}'
    assert (await sender.send(largest))[0] == 202
    status, words = await sender.send(largest + b" ")
    assert (status, "larger" in words) == (413, True)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    async with aiohttp.ClientSession() as session, session.post(sender.url, data=endless()) as answer:
        assert answer.status == 413


async def test_a_body_that_does_not_end_is_let_go(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = await add(story, "sentry")
    monkeypatch.setattr("bot.doors.webhook.body.PATIENCE", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", story.port)
    path = sender.url.partition(str(story.port))[2]
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode())
    assert (await reader.readline()).split()[1] == b"503"
    writer.close()


async def test_what_cannot_be_stored_is_503(story: Story) -> None:
    sender = await add(story, "datadog")
    assert (await sender.send({"news": 0}))[0] == 202
    await handled(story)
    engine = sa.create_engine(f"sqlite:///{story.root / 'data' / 'forgehand.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text(f"alter table {delivery.name} rename to away"))
    assert (await sender.send({"news": 1}))[0] == 503
    with engine.begin() as connection:
        connection.execute(sa.text(f"alter table away rename to {delivery.name}"))
    engine.dispose()
    assert (await sender.send({"news": 1}))[0] == 202


async def test_a_lost_master_key_is_told_and_never_replaced(story: Story) -> None:
    sender = await add(story, "sentry")
    stored = str(rows(story, "select * from fh_signal_source"))
    assert SECRET not in stored
    assert sender.url.rpartition("/")[2] not in stored
    key = story.root / "data" / FILE
    key.rename(key.with_suffix(".away"))
    assert (await sender.send({"news": 1}))[0] == 503
    with pytest.raises(SealError, match=r"is missing: put .*back, or set FORGEHAND_MASTER_KEY"):
        await add(story, "grafana")
    assert not key.exists()
    key.with_suffix(".away").rename(key)
    await known()
    assert (await sender.send({"news": 1}))[0] == 202


async def test_sources_by_command(story: Story) -> None:
    """Added, tried, listed, rotated and removed as people type it."""
    file = story.root / "first"
    file.write_text(SECRET)
    given = ("--repo", "octo/sample", "--name", "shop errors", "--secret-file", str(file))
    added = await run(story, "add", "sentry", *given, group="signals")
    found = re.search(r"Webhook URL: +\S+(/signals/\S+)", added.out)
    assert found is not None, added.err
    sender = Sender(story, "sentry", f"http://127.0.0.1:{story.port}{found[1]}")
    tried = await run(story, "test", sender.url, group="signals")
    assert "Taken (202): sentry for octo/sample" in tried.out, tried.err
    file.write_text("the-next-secret-of-sentry")
    rotated = await run(story, "rotate", sender.id, "--secret-file", str(file), group="signals")
    assert "The one before is taken too" in rotated.out, rotated.err
    await handled(story)
    listed = (await run(story, "list", group="signals")).out
    assert f'{sender.id}  sentry "shop errors" for octo/sample: 2 secrets; last heard' in listed
    await known()
    newer = Sender(story, "sentry", sender.url, "the-next-secret-of-sentry")
    assert [(await each.send({"news": each.secret}))[0] for each in (sender, newer)] == [202, 202]
    await admin.rotate_source(settings_of(story), sender.id, secret_file=None, drop_old=True)
    await known()
    assert [(await each.send({"more": 1}))[0] for each in (sender, newer)] == [401, 202]
    assert (await run(story, "remove", sender.id, group="signals")).out == f"Removed {sender.id}.\n"
    gone = await run(story, "remove", sender.id, group="signals")
    assert (gone.code, f"There is no source {sender.id}" in gone.err) == (1, True)


async def test_what_cannot_be_done_is_told(story: Story) -> None:
    settings = settings_of(story)
    with pytest.raises(SourceError, match="not installed on a repository octo/none"):
        await admin.add_source(settings, "own", "octo/none", name=None, secret_file=None)
    with pytest.raises(SourceError, match="no secret of 16 to 1000"):
        await add(story, "own", secret="short")
    with pytest.raises(SourceError, match="There is no source nothing"):
        await admin.rotate_source(settings, "nothing", secret_file=None, drop_old=False)
    sender = await add(story, "grafana")
    for url, said in ((sender.url + "x", "The answer is 404"), ("http://127.0.0.1/x", "not the address of a source")):
        with pytest.raises(SourceError, match=said):
            await admin.test_source(settings, url)
    assert "It is shown once" in await admin.rotate_source(settings, sender.id, secret_file=None, drop_old=False)
    waiting = await add(story, "pagerduty", secret=None)
    for act in (
        admin.rotate_source(settings, waiting.id, secret_file=None, drop_old=False),
        admin.test_source(settings, waiting.url),
    ):
        with pytest.raises(SourceError, match=r"makes the secret on its side|has no secret yet"):
            await act
