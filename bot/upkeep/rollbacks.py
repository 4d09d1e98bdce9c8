"""Look at rollbacks whose deployments sent no event in time."""

from __future__ import annotations

import asyncio

import structlog

from bot.deployments.watching import FLOW, ask_to_look
from bot.dispatch.registry import Registry
from bot.dispatch.start import begin
from bot.store import deployments
from bot.store.database import now_ms
from bot.types import ForgehandError
from bot.work.services import Services

_EVERY = 15.0  # seconds
log = structlog.get_logger(__name__)


class RollbackSweep:
    """The loop that looks at each rollback in time; it runs until cancelled."""

    def __init__(self, services: Services, registry: Registry) -> None:
        self._services = services
        self._registry = registry

    async def run(self) -> None:
        """Sweep every quarter of a minute."""
        while True:
            try:
                await self.sweep()
            except ForgehandError as error:
                log.warning("rollbacks were not looked at", reason=error.message)
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> int:
        """Start the looks that are due, and count them."""
        spec = self._registry.get(FLOW)
        due = await self._services.store.run(deployments.list_due, now_ms())
        if spec is None or not due:
            return 0
        bot = await self._services.github.bot()
        for known in due:
            await begin(self._services, spec, ask_to_look(known, bot, f"due {known.due}", f"sweep-{known.task}"))
        return len(due)
