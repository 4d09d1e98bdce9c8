"""Have incidents looked at when they are due: no source promises to say that something is over."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from bot.incidents.passes import start_pass
from bot.store import incident_lists
from bot.store.database import now_ms
from bot.work.services import Services

_EVERY = 5.0  # seconds
_AFTER_FAILURE = 300_000


class IncidentWatch:
    """The loop that starts looks at incidents; it runs until cancelled."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self) -> None:
        """Look for what is due every few seconds."""
        while True:
            await self.sweep()
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> None:
        """Start a look at each incident that is due."""
        for incident in await self._services.store.run(_find_due):
            await start_pass(self._services, incident)


def _find_due(connection: sa.Connection) -> list[str]:
    now = now_ms()
    incident_lists.call_overdue(connection, now, _AFTER_FAILURE)
    return incident_lists.list_due(connection, now)
