"""Hold what a running hub has: the world, webhooks, limits, faults, the log of requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

from simhub import auth
from simhub.address import Address
from simhub.faults import Faults
from simhub.gitrepo import GitRepo
from simhub.idtokens import IdTokens
from simhub.limits import Limits
from simhub.model import ROLES, Account, AppCredentials, Conversion, Repository, SignIn, Trigger, World
from simhub.requestlog import Observer, RequestRecord
from simhub.webhooks import Webhooks

_REQUESTS_KEPT = 50_000


class State(Address):
    """The state of a running GitHub. ``root`` holds the bare repositories; everything else lives in memory.

    ``clock_offset`` moves its clock (seconds), ``latency`` delays every API answer (seconds), ``token_lag`` is how
    long a fresh installation token is refused (seconds), with ``token_lag_status`` (401, 403 or 404),
    ``mergeable_lag`` how long ``mergeable`` stays null. ``observers`` are given each finished request with the JSON
    it was answered with, ``watchers`` those of every hub in the process.
    """

    watchers: ClassVar[list[Observer]] = []

    def __init__(self, root: Path) -> None:
        super().__init__(World(lambda: time.time() + self.clock_offset))
        self.root = root.resolve()
        self.clock_offset = 0.0
        self.latency = 0.0
        self.token_lag = 0.0
        self.token_lag_status = 401
        self.mergeable_lag = 0.0
        self.webhooks = Webhooks(self)
        self.id_tokens = IdTokens(self)
        self.faults = Faults()
        self.limits = Limits(self.world)
        self.requests: list[RequestRecord] = []
        self.observers: list[Observer] = []
        self.credentials: dict[int, AppCredentials] = {}
        self.conversions: dict[str, Conversion] = {}
        self.sign_ins: dict[str, SignIn] = {}
        self.downloads: dict[str, tuple[float, bytes | None, str]] = {}
        self.triggered: list[Callable[[Trigger], None]] = []  # who is told of pushes and new heads
        self._background: set[asyncio.Task[None]] = set()

    @property
    def lag(self) -> auth.Lag:
        return auth.Lag(self.token_lag, self.token_lag_status)

    async def settled(self) -> None:
        """Wait until every webhook under way was answered or failed."""
        await self.webhooks.settled()

    def advance(self, seconds: float) -> None:
        """Move the hub's clock forward: tokens expire, limits reset."""
        self.clock_offset += seconds

    def create_user(self, login: str, type: str = "User", name: str | None = None) -> Account:
        """Create a person with a personal access token in ``token``.

        ``type`` may also be Organization or Bot.
        """
        known = self.world.account(login)
        if known is not None:
            raise ValueError(f"{login} exists already")
        token = auth.new_user_token() if type == "User" else ""
        account = Account(self.world.new_id(), login, type, name or login, token=token)
        self.world.accounts[login.lower()] = account
        if token:
            self.world.user_tokens[token] = account
        return account

    def owner(self, login: str) -> Account:
        return self.world.account(login) or self.create_user(login, "Organization")

    def set_permission(self, repository: Repository | str, login: str, role: str) -> None:
        """Give a person a role: admin, maintain, write, triage, read or none."""
        if role not in ROLES:
            raise ValueError(f"{role} is no role; use one of {', '.join(ROLES)}")
        self.repository(repository).roles[login.lower()] = role

    def repository(self, repository: Repository | str) -> Repository:
        if isinstance(repository, Repository):
            return repository
        found = self.world.repository(repository)
        if found is None:
            raise KeyError(repository)
        return found

    def record(self, record: RequestRecord, answer: object = None) -> None:
        """Note a finished request and tell who listens."""
        self.requests.append(record)
        del self.requests[:-_REQUESTS_KEPT]
        for observer in (*self.observers, *self.watchers):
            observer(record, answer)

    def git(self, repository: Repository) -> GitRepo:
        return GitRepo(repository.path)

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something GitHub does behind the scenes; it ends with the hub."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
