"""Keep what is stored within its bounds, and forget those who removed the App."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
import structlog

from bot.github.api.errors import GitHubError
from bot.policy import OrganisationFile
from bot.sandbox.packages import FOLDER as PACKAGES
from bot.store import (
    deployments,
    figures,
    incidents,
    installations,
    ledger,
    lessons,
    limits,
    records,
    retention,
    sessions,
    tasks,
    test_outcomes,
    usage_sums,
)
from bot.store.database import now_ms
from bot.upkeep.mirrors import remove_mirror, trim_mirrors
from bot.upkeep.packages import trim_packages
from bot.upkeep.shelves import remove_shelf
from bot.work.environments import FOLDER
from bot.work.services import Services

_EVERY = 600.0  # seconds
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000  # longer than any test of a key or a model
_GB = 1024**3
_MONTHS = 62  # days: a limit of a month is held against the calls themselves
_CHUNK = 200  # tasks that are forgotten at once
log = structlog.get_logger(__name__)


class Housekeeper:
    """The loop that forgets; it runs until cancelled."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._store = services.store
        self._engine = services.engine
        self._owners = services.policies.owners
        self._swept = 0  # when what needs to read much was done last

    async def run(self) -> None:
        """Sweep every ten minutes."""
        while True:
            await self.sweep()
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> None:
        """Forget installations that are gone, and what is old or too much.

        First what models cost is added up as far as it is over.
        """
        for span in await self._store.read(usage_sums.list_due, self._settings.zone, now_ms()):
            await self._store.run(usage_sums.fold, span)
        for number in await self._store.run(retention.list_gone):
            await self._forget_installation(number)
        settings = self._settings
        old = _days_ago(settings.keep_days)
        cutoff = max(old, await self._store.run(retention.find_cutoff, int(settings.history_gb * _GB)))
        await self._repeat(retention.forget_deliveries, old)
        await self._repeat(retention.forget_payloads, cutoff)
        await self._repeat(incidents.forget_seen, old)
        await self._repeat(lessons.forget, now_ms())
        await self._repeat(sessions.forget_ended, now_ms())
        await self._repeat(deployments.forget_ended, old)
        await self._repeat(figures.forget_old, old)
        await self._store.run(ledger.release_orphans, now_ms() - _HOUR_MS)
        await self._repeat(retention.forget_transcripts, cutoff)
        if now_ms() - self._swept >= _DAY_MS:  # every payload is read for it, and every record
            self._swept = now_ms()
            await self._obey_owners()
            await self._forget_records()
        while await self._store.run(retention.shrink):
            pass
        await asyncio.to_thread(trim_packages, settings.data_dir / PACKAGES, int(settings.packages_gb * _GB))
        mirrors = settings.data_dir / "mirrors"
        await asyncio.to_thread(trim_mirrors, mirrors, int(settings.mirrors_gb * _GB), settings.keep_days)

    async def _forget_records(self) -> None:
        """Forget the oldest tasks, calls, decisions and incidents.

        What is younger than ``keep_days`` stays, whatever its size.
        """
        settings = self._settings
        beyond = await self._store.read(records.find_cutoff, int(settings.records_gb * _GB))
        before = max(_days_ago(settings.records_days), min(beyond, _days_ago(settings.keep_days)))
        while ids := await self._store.run(records.list_ended, before):
            await self._engine.forget(ids)
            await self._store.run(retention.forget_tasks, ids)
        await self._repeat(usage_sums.forget_calls, min(before, _days_ago(_MONTHS)))
        await self._store.run(limits.forget_notices, _days_ago(_MONTHS))
        await self._repeat(records.forget_decisions, before)
        await self._repeat(records.forget_writes, before)
        await self._repeat(incidents.forget_closed, before)

    async def _obey_owners(self) -> None:
        """Forget sooner what owners' files want kept for fewer days."""
        for number, account in await self._store.run(installations.list_active):
            try:
                file = await self._owners.find(account, number)
            except GitHubError as error:
                log.warning("an owner's file cannot be read", owner=account, reason=error.message)
                continue
            if file is not None and (file.least_days or self._settings.keep_days) < self._settings.keep_days:
                await self._obey(number, file)

    async def _obey(self, number: int, file: OrganisationFile) -> None:
        """Forget transcripts by repository, payloads by the fewest days."""
        for repository in await self._store.run(retention.list_repositories_of, number):
            days = file.govern(repository.partition("/")[2]).keep_days or self._settings.keep_days
            await self._repeat(partial(retention.forget_transcripts, repository=repository), _days_ago(days))
        after: str | None = ""
        while after is not None:
            after = await self._store.run(
                retention.forget_payloads_of, number, after, _days_ago(file.least_days or self._settings.keep_days)
            )

    async def _repeat(self, forget: Callable[[sa.Connection, int], int], before: int) -> None:
        """Forget bit by bit, so that others have their turns at the database."""
        while await self._store.run(forget, before):
            pass

    async def _forget_installation(self, number: int) -> None:
        """Purge all that belongs to an installation, once its tasks have ended.

        Itself goes last: whoever is interrupted begins again.
        """
        if any(task.installation == number for task in await self._store.run(tasks.list_runnable)):
            return
        repositories = await self._store.run(retention.list_tasks_of, number)
        ids = list(repositories)
        for start in range(0, len(ids), _CHUNK):
            await self._engine.forget(ids[start : start + _CHUNK])
            await self._store.run(retention.forget_tasks, ids[start : start + _CHUNK])
        for repository in set(repositories.values()):
            await asyncio.to_thread(remove_mirror, self._settings.data_dir / "mirrors" / f"{repository}.git")
            await asyncio.to_thread(remove_shelf, self._settings.data_dir / FOLDER / str(repository))
            forgets = (incidents.forget, test_outcomes.forget_repository, deployments.forget_repository)
            for forget in (*forgets, figures.forget_repository):
                await self._store.run(forget, repository)
        after: str | None = ""
        while after is not None:
            after = await self._store.run(retention.forget_payloads_of, number, after)
        await self._store.run(retention.forget_installation, number)
        log.info("forgot an installation", installation=number, tasks=len(ids))


def _days_ago(days: float) -> int:
    return now_ms() - int(days * _DAY_MS)
