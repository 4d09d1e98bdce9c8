"""Restart loops that must not end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_PAUSE = 2.0  # seconds: a loop that fails at once must not spin
log = structlog.get_logger(__name__)


class Supervisor:
    """A guard that runs ``loop`` again ``pause`` seconds after it ends."""

    def __init__(self, name: str, loop: Callable[[], Awaitable[None]], *, pause: float = _PAUSE) -> None:
        self._name = name
        self._loop = loop
        self._pause = pause
        self._running = False

    @property
    def alive(self) -> bool:
        """Return True while the loop runs."""
        return self._running

    async def run(self) -> None:
        """Run the loop until cancelled."""
        while True:
            self._running = True
            try:
                await self._loop()
                log.error("loop ended", loop=self._name)
            except Exception:  # the boundary of a loop: whatever ended it, it has to go on
                log.exception("loop failed", loop=self._name)
            self._running = False
            await asyncio.sleep(self._pause)
