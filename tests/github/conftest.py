"""A hub with an App installed on one repository, and our side of it with a clock that sleeps in no time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from bot.github.api.access import GitHubs
from bot.github.api.limiter import Clock
from bot.github.api.transport import Exchange
from bot.types import Repository
from simhub import AppCredentials, Hub
from tests.support.keys import key_pair

PERMISSIONS = {"contents": "write", "issues": "write", "pull_requests": "write", "checks": "write", "metadata": "read"}
EVENTS = ["issues", "issue_comment", "pull_request"]


@dataclass
class FastTime:
    """Our clock: real time plus whatever was slept. The hub's clock goes along; ``off`` is how wrong ours is."""

    hub: Hub
    off: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return time.time() + self.hub.clock_offset + self.off

    def steady(self) -> float:
        return time.monotonic() + self.hub.clock_offset

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.slept.append(seconds)
        self.hub.advance(seconds)


@dataclass
class World:
    """Everything a test needs: the hub, our side, what went over the wire."""

    hub: Hub
    credentials: AppCredentials
    repository: Repository
    session: aiohttp.ClientSession
    time: FastTime
    exchanges: list[Exchange] = field(default_factory=list)

    def connect(self) -> GitHubs:
        """Our side as a fresh process would have it."""
        return GitHubs.as_app(
            self.session,
            self.hub.api_url,
            self.credentials.app_id,
            self.credentials.private_key,
            clock=Clock(self.time.now, self.time.sleep, self.time.steady),
            observe=self.exchanges.append,
        )

    def asked(self, method: str, ending: str) -> int:
        """Count the requests to the hub whose path ends like this."""
        return sum(1 for each in self.hub.requests if each.method == method and each.path.endswith(ending))


async def set_hook(github: GitHubs, url: str, secret: str) -> None:
    """Point the App's webhook to an address, signed with a new secret."""
    data = {"url": url, "secret": secret, "content_type": "json", "insecure_ssl": "0"}
    await github.app.patch("/app/hook/config", {}, data)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    source = tmp_path / "source"
    (source / ".github").mkdir(parents=True)
    (source / "parse.py").write_text("x = 1\n")
    (source / ".github" / "forgehand.yml").write_text("fix:\n  label: bug\n")
    async with Hub.start(tmp_path / "hub") as hub, aiohttp.ClientSession() as session:
        credentials = hub.create_app("forgehand", permissions=PERMISSIONS, events=EVENTS, key_pair=key_pair())
        hub.create_user("ann")
        theirs = hub.create_repository("octo/durations", source=source, private=True)
        installation = hub.install(credentials, "octo", ["octo/durations"])
        ours = Repository(id=theirs.id, owner="octo", name="durations", installation=installation.id, private=True)
        yield World(hub, credentials, ours, session, FastTime(hub))


@pytest.fixture
def github(world: World) -> GitHubs:
    return world.connect()
