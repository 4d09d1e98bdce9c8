"""Play an event through the real handlers on a stage: nothing is started, nothing is written but in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import sqlalchemy as sa
import structlog

from bot.doors.handlers import Handlers
from bot.doors.rehearsal.silence import explain_silence
from bot.doors.webhook.router import Event
from bot.github.api.errors import GitHubError, Locked
from bot.github.api.readonly import ReadOnly
from bot.policy import Policy, PolicyLoader
from bot.policy.loader import File, PolicyReader
from bot.rates import Allowance, Rates
from bot.store import tasks
from bot.store.database import create_engine
from bot.store.store import Store
from bot.store.tables import audit, metadata, task
from bot.types import JsonModel, Repository
from bot.work.services import Services

log = structlog.get_logger(__name__)


class Verdict(NamedTuple):
    """Tasks that an event starts, refusals, else the reason of silence."""

    started: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    silence: str = ""


class OnePolicy:
    """A reader of files that were read before."""

    def __init__(self, file: File | None, owners: File | None) -> None:
        self._file = file
        self._owners = owners

    async def read(self, repository: Repository, path: str) -> File | None:
        """Return the file."""
        return self._file

    async def read_owners(self, owner: str, installation: int) -> File | None:
        """Return the owner's file."""
        return self._owners


class _Unlimited(Rates):
    """No limits: twenty events at once are no flood."""

    def take(self, *wanted: Allowance, times: int = 1) -> float:
        """Let everything be."""
        return 0.0


class _NoEngine:
    """An engine that takes every task and runs none."""

    async def start(self, task_id: str, flow: str, argument: JsonModel, *, group: str | None) -> bool:
        """Take a task."""
        return True

    async def go_on(self, task_id: str, active_key: str | None) -> bool:
        """Leave what waits."""
        return False

    async def listen(self, seconds: float) -> None:
        """Hear of nothing."""

    async def cancel(self, task_id: str, by: str, deed: str = "") -> None:
        """Stop nothing: nothing runs."""

    async def forget(self, task_ids: Sequence[str]) -> None:
        """Keep what is only in memory."""

    async def launch(self) -> None:
        """Begin nothing."""

    async def close(self, *, drain_seconds: float = 5.0) -> None:
        """End nothing."""


@dataclass(frozen=True)
class Stage:
    """The doors under one policy."""

    services: Services
    handlers: Handlers
    counter: ReadOnly

    async def play(self, event: Event) -> Verdict:
        """Return what an event leads to; on GitHub it only reads."""
        before = await self.services.store.run(_find_last)
        for handler in self.handlers.router.handlers(event.name, event.action):
            try:
                await handler(event, self.services)
            except Locked:  # it came as far as to a write
                continue
            except GitHubError as error:
                log.info("a rehearsed event was not read to its end", reason=error.message)
        started, refused = await self.services.store.run(_read_outcome, before)
        return Verdict(started, refused, "" if started or refused else await self._explain(event))

    async def load_policy(self, repository: Repository) -> Policy:
        """Return the policy under which events are played."""
        return (await self.services.policies.load_or_default(repository))[0]

    async def _explain(self, event: Event) -> str:
        repository = event.repository()
        if repository is None:
            return explain_silence(event, self.handlers, self.services.policies.default, None)
        policy, fault = await self.services.policies.load_or_default(repository)
        return explain_silence(event, self.handlers, policy, fault, (await self.services.github.bot()).login)


@asynccontextmanager
async def set_stage(services: Services, handlers: Handlers, reader: PolicyReader) -> AsyncIterator[Stage]:
    """Open a stage whose policy is what ``reader`` has."""
    store = Store(create_engine("sqlite://"))
    try:
        await store.run(lambda connection: metadata.create_all(connection))
        github, counter = services.github.reading()
        catalogue = services.models.catalogue
        policies = PolicyLoader(reader, services.settings, handlers.registry.schema, catalogue=catalogue)
        played = replace(
            services, store=store, github=github, policies=policies, engine=_NoEngine(), rates=_Unlimited()
        )
        yield Stage(played, handlers, counter)
    finally:
        store.close()


def _find_last(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(audit.c.id))) or 0


def _read_outcome(connection: sa.Connection, after: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what was started and refused.

    Started tasks end, so that the next event finds none that runs."""
    started = connection.execute(sa.select(task.c.id, task.c.flow).where(task.c.ended.is_(None))).all()
    for one in started:
        tasks.close(connection, one.id, "done", {"state": "done", "summary": "", "data": {}})
    refused = sa.select(audit.c.reason).where(audit.c.id > after, audit.c.allowed.is_(False)).order_by(audit.c.id)
    reasons = dict.fromkeys(connection.execute(refused).scalars())
    return tuple(dict.fromkeys(one.flow for one in started)), tuple(reasons)
