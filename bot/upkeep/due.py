"""Have incidents and rollbacks looked at when they are due: nobody promises to say that something is over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa

from bot.deployments import watching
from bot.dispatch.keyless import go_on_with_keys
from bot.dispatch.registry import Registry
from bot.dispatch.start import begin
from bot.incidents.passes import start_pass
from bot.store import deployments, incident_lists, tasks
from bot.store.database import now_ms
from bot.store.deployments import Rollback
from bot.store.tasks import Task
from bot.work.services import Services

_EVERY = 5.0  # seconds
_AFTER_FAILURE = 300_000


class DueWatch:
    """The loop that starts looks at what is due; it runs until cancelled."""

    def __init__(self, services: Services, registry: Registry) -> None:
        self._services = services
        self._registry = registry

    async def run(self) -> None:
        """Look for what is due every few seconds."""
        while True:
            await self.sweep()
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> None:
        """Start a look at incidents and rollbacks that are due, and keyless tasks."""
        incidents, rollbacks, keyless = await self._services.store.run(_find_due)
        for incident in incidents:
            await start_pass(self._services, incident)
        spec = self._registry.get(watching.FLOW)
        for known in rollbacks:
            bot = await self._services.github.bot()
            asked = watching.ask_to_look(known, bot, f"due {known.due}", f"sweep-{known.task}")
            if spec is not None:
                await begin(self._services, spec, asked)
        await go_on_with_keys(self._services, self._registry, keyless)


def _find_due(connection: sa.Connection) -> tuple[list[str], Sequence[Rollback], list[Task]]:
    now = now_ms()
    incident_lists.call_overdue(connection, now, _AFTER_FAILURE)
    due = incident_lists.list_due(connection, now), deployments.list_due(connection, now)
    return *due, tasks.list_keyless(connection)
