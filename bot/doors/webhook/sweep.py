"""Nothing is lost: reads the App's delivery log for what never arrived, and fetches it or asks for it again.

GitHub never redelivers by itself and keeps deliveries for three days.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

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
    """One pass a call of :meth:`once`, repeated by :meth:`run`. ``github`` speaks as the App.

    With ``poll`` every delivery is read from the log every ``poll_seconds`` and put into the inbox. Without it GitHub
    is asked every ``minutes`` to deliver again what was missed, so that the same door checks the same signature.
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
        self._github, self._store, self._accept = github, store, accept
        self._pause, self._poll = poll_seconds if poll else minutes * 60, poll
        self._read_until: datetime | None = None
        self.admitted = True  # False while GitHub refuses the App's key

    async def run(self) -> None:
        """Sweep now and after every pause, whatever GitHub says meanwhile, until cancelled."""
        while True:
            try:
                await self.once()
                self.admitted = True
            except (ForgehandError, aiohttp.ClientError, OSError) as failure:
                self.admitted = not isinstance(failure, BadCredentials)
                log.warning("sweep failed", reason=str(failure))
            await asyncio.sleep(self._pause)

    async def once(self) -> int:
        """How many missed deliveries were fetched or asked for. The next pass reads only what is newer."""
        started = datetime.now(UTC)
        missed = await self._missed()
        for item in missed:
            await (self._fetch(item) if self._poll else app.redeliver(self._github, item.id))
        self._read_until = started
        if missed:
            metrics.RECOVERED.inc(len(missed))
            log.info("sweep", missed=len(missed), polled=self._poll)
        return len(missed)

    async def _missed(self) -> list[app.Delivery]:
        """The deliveries no attempt of which was answered and that we do not hold: oldest first, one a GUID."""
        newest: dict[str, app.Delivery] = {}
        answered: set[str] = set()
        tries: Counter[str] = Counter()
        async for item in app.deliveries(self._github):
            if self._read_until is not None and item.delivered_at < self._read_until - _OVERLAP:
                break
            tries[item.guid] += 1
            newest.setdefault(item.guid, item)
            if item.ok:
                answered.add(item.guid)
        held = await self._store.run(lambda connection: deliveries.filter_known(connection, newest))
        done = answered | held
        missed = [item for item in reversed(newest.values()) if item.guid not in done]
        if self._poll:
            return missed
        return [item for item in missed if tries[item.guid] < _TRIES]

    async def _fetch(self, item: app.Delivery) -> None:
        full = await app.read_delivery(self._github, item.id)
        body = json.dumps(full.payload).encode()
        await self._accept(Event.parse(item.guid, item.event, body), body)
