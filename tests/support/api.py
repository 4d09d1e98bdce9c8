"""Asking the API as programs do: a token of somebody's, and requests over HTTP to the bot of a story."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.doors.api.tokens import make_token
from bot.store import tokens
from bot.store.database import create_engine, now_ms
from bot.store.store import Store
from bot.store.tokens import NewToken, TokenRepository
from bot.types import Actor, Scope
from simhub.model import Account, Repository
from tests.support.story import Story

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Answer:
    """What came back; ``data`` is the parsed body, None where it is empty."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def data(self) -> Any:
        return json.loads(self.text) if self.text else None


@dataclass
class Asker:
    """A program with a token (or none) that talks to the bot of a story."""

    story: Story
    token: str | None
    number: int = field(default=0)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request; ``headers`` are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent = {"Authorization": f"Bearer {self.token}", **sent}
        url = f"http://127.0.0.1:{self.story.port}{path}"
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(method, url, json=body, headers=sent) as answer,
        ):
            return Answer(answer.status, answer.headers, await answer.text())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, **headers)

    async def start(self, task: str, number: int | None, key: str | None = None, **body: Any) -> Answer:
        """Ask for a task on the story's repository, with a new key if none is given."""
        self.number += 1
        data = {"repository": self.story.repository.full_name, **body}
        if number is not None:
            data["number"] = number
        key = key or f"{id(self)}-{self.number}"
        return await self.ask("POST", f"/api/v1/tasks/{task}", data, Idempotency_Key=key)


@contextmanager
def opened(story: Story) -> Iterator[Store]:
    """The database of the bot, beside the bot."""
    store = Store(create_engine(f"sqlite:///{story.root / 'data' / 'forgehand.db'}"))
    try:
        yield store
    finally:
        store.close()


def asker(
    story: Story,
    account: Account,
    *scopes: Scope,
    repositories: list[Repository] | None = None,
    days: float = 90,
) -> Asker:
    """A program with a token of this account."""
    token = make_token()
    bound = [TokenRepository(id=each.id, full_name=each.full_name) for each in repositories or ()]
    new = NewToken(
        hash=token.digest,
        prefix=token.prefix,
        name="test",
        account=Actor(login=account.login, id=account.id),
        scopes=scopes or ("read", "run"),
        repositories=tuple(bound) or None,
        expires=now_ms() + int(days * DAY_MS),
    )
    with opened(story) as store:
        store.run_sync(lambda connection: tokens.add(connection, new))
    return Asker(story, token.text)
