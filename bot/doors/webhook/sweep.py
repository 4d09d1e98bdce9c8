"""Recover missed deliveries from GitHub's log of the last three days."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta

import aiohttp
import structlog

from bot import metrics
from bot.doors.webhook.endpoint import Accept
from bot.doors.webhook.router import Event
from bot.github.api.client import Client
from bot.github.api.errors import BadCredentials
from bot.github.resources import app
from bot.store import deliveries
from bot.store.store import Store
from bot.types import ForgehandError

_OVERLAP = timedelta(minutes=30)
_TRIES = 4
_POLL_SECONDS = 20.0

log = structlog.get_logger(__name__)


class Sweep:
    """The recovery of missed deliveries.

    :meth:`once` makes one pass, :meth:`run` repeats it. ``github`` speaks as the App. With ``poll`` every delivery is
    read from the log every ``poll_seconds`` and put into the inbox. Without it GitHub is asked every ``minutes`` to
    deliver again what was missed, so that the same door checks the same signature. What it could not deliver so
    ``_TRIES`` times is read from the log too: a server may end each time that it comes.
    """

    def __init__(
        self,
        github: Client,
        store: Store,
        accept: Accept,
        *,
        minutes: float,
        poll: bool,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self._github = github
        self._store = store
        self._accept = accept
        self._pause = poll_seconds if poll else minutes * 60
        self._poll = poll
        self._read_until: datetime | None = None
        self.admitted = True  # False while GitHub refuses the App's key

    async def run(self) -> None:
        """Sweep now and after every pause, until cancelled; log what fails."""
        while True:
            try:
                await self.once()
                self.admitted = True
            except (ForgehandError, aiohttp.ClientError, OSError) as failure:
                self.admitted = not isinstance(failure, BadCredentials)
                log.warning("sweep failed", reason=str(failure))
            await asyncio.sleep(self._pause)

    async def once(self) -> int:
        """Recover missed deliveries (fetch, or ask for them) and count them."""
        missed, latest = await self._list_missed()
        for item, tries in missed:
            if not self._poll and tries < _TRIES:
                await app.redeliver(self._github, item.id)
                continue
            full = await app.read_delivery(self._github, item.id)
            body = json.dumps(full.payload).encode()
            await self._accept(Event.parse(item.guid, item.event, body), body)
        self._read_until = latest or self._read_until
        if missed:
            metrics.RECOVERED.inc(len(missed))
            log.info("sweep", missed=len(missed), polled=self._poll)
        return len(missed)

    async def _list_missed(self) -> tuple[list[tuple[app.Delivery, int]], datetime | None]:
        """List the missed deliveries, oldest first, with how often each was tried.

        No attempt to deliver them was answered, and we do not hold them. Also returned is how far the log was read, by
        GitHub's clock.
        """
        newest: dict[str, app.Delivery] = {}
        answered: set[str] = set()
        tries: Counter[str] = Counter()
        latest: datetime | None = None
        async for item in app.deliveries(self._github):
            if self._read_until is not None and item.delivered_at < self._read_until - _OVERLAP:
                break
            latest = max(latest or item.delivered_at, item.delivered_at)
            tries[item.guid] += 1
            newest.setdefault(item.guid, item)
            if item.ok:
                answered.add(item.guid)
        held = await self._store.run(deliveries.filter_known, newest)
        done = answered | held
        missed = [(item, tries[item.guid]) for item in reversed(newest.values()) if item.guid not in done]
        return missed, latest
