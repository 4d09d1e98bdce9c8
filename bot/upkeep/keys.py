"""Test the kept keys daily, remind of old ones, and forget those that no task needs any more."""

from __future__ import annotations

import asyncio

import structlog

from bot.keys.keeper import Keeper
from bot.keys.records import DAY_MS, find_fault, find_reminder
from bot.keys.ring import StoredKeys
from bot.store import keys
from bot.store.database import now_ms
from bot.store.store import Store
from bot.types import ForgehandError

_EVERY = 60.0  # seconds
log = structlog.get_logger(__name__)


class KeyWatch:
    """The loop that looks after keys; it runs until cancelled."""

    def __init__(self, store: Store, keeper: Keeper, ring: StoredKeys) -> None:
        self._store = store
        self._keeper = keeper
        self._ring = ring

    async def run(self) -> None:
        """Sweep once a minute."""
        while True:
            await self.sweep()
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> None:
        """Forget what is outlived, and test what was not tested for a day."""
        await self._ring.refresh()
        await self._store.run(lambda connection: keys.retire(connection, keys.list_outlived(connection)))
        now = now_ms()
        for key in await self._store.run(keys.list_all):
            is_resting = key.state == "exhausted" and find_fault(key, now)
            if key.retired is not None or is_resting or (key.tested or 0) > now - DAY_MS:
                continue
            if reminder := find_reminder(key, now):
                log.warning("a key needs a successor", key=key.id, reason=reminder)
            await self._test(key.id)

    async def _test(self, key_id: str) -> None:
        try:
            tried = await self._keeper.test(key_id)
        except ForgehandError as error:
            log.warning("a key cannot be tested", key=key_id, reason=error.message)
            return
        if tried.trial.finding.problem:
            log.warning("a key was tested", key=key_id, state=tried.key.state, reason=tried.trial.finding.problem)
