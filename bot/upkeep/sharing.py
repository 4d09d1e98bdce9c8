"""Let limits hold across the processes of a server: each tells the others once a second what it took.

A process that nobody asks looks more rarely, so that an idle server stays idle, and at once when somebody does.
"""

from __future__ import annotations

import asyncio
import secrets

from bot.rates import Allowance, Rates
from bot.store import shared_rates
from bot.store.store import Store

_EVERY = 1.0  # seconds: so long, at most, another process does not know what was taken here
_IDLE = 10  # times that long, while nothing is taken anywhere


class RateSharing:
    """The loop that exchanges what was taken; it runs until cancelled."""

    def __init__(self, store: Store, rates: Rates) -> None:
        self._store = store
        self._rates = rates
        self._process = secrets.token_hex(8)
        self._newest: int | None = None
        self._seen: set[int] = set()

    async def run(self) -> None:
        """Exchange once a second, or less often while nothing is taken."""
        while True:
            asked = await self.exchange()
            for _ in range(1 if asked else _IDLE):
                await asyncio.sleep(_EVERY)
                if self._rates.has_taken:
                    break

    async def exchange(self) -> bool:
        """Tell what was taken here, and take what was taken elsewhere.

        The first time nothing is taken: what was told before is over. Returns False where there was nothing.
        """
        taken = [(*one, times) for one, times in self._rates.collect().items()]
        told = await self._store.run(shared_rates.exchange, self._process, taken, self._newest)
        new = [row for row in told if row.id not in self._seen and row.process != self._process]
        for row in new if self._newest is not None else ():
            for name, most, seconds, times in row.taken:
                self._rates.spend(Allowance(name, most, seconds), times)
        self._seen = {row.id for row in told}
        self._newest = max((row.id for row in told), default=self._newest or 0)
        return bool(taken or new)
