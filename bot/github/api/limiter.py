"""Let the requests of one installation go out at the pace GitHub allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.github.api.errors import ProgressDropped, RateLimited, Response
from bot.github.api.pacer import Pacer, Ticket

MAX_WAIT = 120.0
"""Seconds a caller is held for a rate limit before it is told to come back later."""


@dataclass(frozen=True)
class Clock:
    """Seconds since the epoch, how to wait, and seconds of a steady clock.

    Tests hand in their own. The epoch is for what GitHub says and is told; whatever lasts is measured by ``steady``.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    steady: Callable[[], float] = time.monotonic


class RateLimiter:
    """A pacer at work: callers wait here for their turn."""

    def __init__(self, clock: Clock, pacer: Pacer | None = None) -> None:
        self._clock = clock
        self._pacer = pacer or Pacer()
        self._turns: dict[Ticket, asyncio.Future[None]] = {}
        self._changed = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._left: dict[str, tuple[float, float]] = {}  # by resource: what is left, as a share, and until when (epoch)

    @property
    def waiting(self) -> int:
        """Return how many requests wait for their turn."""
        return self._pacer.waiting

    @property
    def left(self) -> float:
        """Return the share left of the hourly limits, 1 where nothing was said."""
        now = self._clock.now()
        return min((share for share, until in self._left.values() if until > now), default=1.0)

    def note(self, response: Response) -> None:
        """Note what an answer says of the hourly limits."""
        told = [response.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "limit", "reset")]
        if all(text.isdigit() for text in told) and int(told[1]):
            resource = response.headers.get("x-ratelimit-resource", "core")
            self._left[resource] = (int(told[0]) / int(told[1]), float(told[2]))

    @asynccontextmanager
    async def turn(self, ticket: Ticket) -> AsyncIterator[None]:
        """Wait for a turn and hold it; ProgressDropped or RateLimited where none."""
        seconds = self._pacer.paused_for(self._clock.steady())
        if seconds > MAX_WAIT:
            raise _make_rate_limited(seconds)
        self._turns[ticket] = future = asyncio.get_running_loop().create_future()
        self._drop(self._pacer.submit(ticket, self._clock.steady()))
        self._wake()
        try:
            await future
            yield
        finally:
            self._turns.pop(ticket, None)
            self._pacer.finish(ticket)
            self._wake()

    def pause(self, seconds: float) -> None:
        """Send nothing for so long; refuse those for whom that is too long."""
        self._drop(self._pacer.pause(self._clock.steady() + seconds))
        if seconds > MAX_WAIT:
            for future in self._turns.values():
                if not future.done():
                    future.set_exception(_make_rate_limited(seconds))
        self._wake()

    def _drop(self, tickets: Iterable[Ticket]) -> None:
        for ticket in tickets:
            future = self._turns.get(ticket)
            if future is not None and not future.done():
                future.set_exception(ProgressDropped("A newer or more urgent message took this one's place."))

    def _wake(self) -> None:
        self._changed.set()
        if self._pacer.waiting and (self._pump is None or self._pump.done()):
            self._pump = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        while self._pacer.waiting:
            self._changed.clear()
            for ticket in self._pacer.release(self._clock.steady()):
                future = self._turns.get(ticket)
                if future is not None and not future.done():
                    future.set_result(None)
            await self._until_something_changes()

    async def _until_something_changes(self) -> None:
        now = self._clock.steady()
        at = self._pacer.next_at(now)
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._changed.wait())]
        if at is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep(max(0.0, at - now))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _make_rate_limited(seconds: float) -> RateLimited:
    return RateLimited(
        f"GitHub's rate limit for this installation lasts another {seconds:.0f} s; the work resumes after that.",
        retry_after=seconds,
    )
