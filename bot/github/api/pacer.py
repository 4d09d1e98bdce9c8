"""Decide who may send when: one pacer per installation, without I/O.

GitHub punishes bursts of writes, not throughput:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from enum import IntEnum


class Urgency(IntEnum):
    """Smaller goes first. PROGRESS may be dropped: the next one says more."""

    ACKNOWLEDGE = 0
    FINAL = 1
    PROGRESS = 2


_NOTIFY_GAP = 3.0  # seconds
_HEAD_START = 3.0  # seconds: two may go at once
_order = itertools.count()


@dataclass(eq=False)
class Ticket:
    """A request in line; newer progress replaces older of its ``key``."""

    write: bool = False
    urgency: Urgency = Urgency.FINAL
    notifies: bool = False
    key: str = ""
    number: int = field(default_factory=lambda: next(_order))


class Pacer:
    """Token buckets for writes, a ceiling on requests, and pauses.

    One bucket is for all writes: ``burst``, then one a second. Another is for those that notify: two, then one in
    three seconds. Times are seconds on any one clock; reads only need a free place.
    """

    def __init__(self, *, burst: int = 10, concurrent: int = 10) -> None:
        self._burst = float(burst)
        self._concurrent = concurrent
        self._tokens = float(burst)
        self._filled_at: float | None = None
        self._notify_at = 0.0
        self._paused_until = 0.0
        self._waiting: list[Ticket] = []
        self._flying: set[Ticket] = set()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def paused_for(self, now: float) -> float:
        """Seconds until requests may be sent again; 0 where none is held back."""
        return max(0.0, self._paused_until - now)

    def submit(self, ticket: Ticket, now: float) -> list[Ticket]:
        """Queue a ticket; return what it makes pointless, maybe itself."""
        dropped = [old for old in self._waiting if ticket.key and old.key == ticket.key and _droppable(old)]
        self._waiting = sorted({*self._waiting, ticket} - {*dropped}, key=lambda each: (each.urgency, each.number))
        if _droppable(ticket) and self.paused_for(now):
            self._waiting.remove(ticket)
            dropped.append(ticket)
        return dropped

    def release(self, now: float) -> list[Ticket]:
        """Return tickets to go, most urgent first; :meth:`finish` each."""
        if self._filled_at is not None:
            self._tokens = min(self._burst, self._tokens + now - self._filled_at)
        self._filled_at = now
        released = []
        for ticket in tuple(self._waiting):
            if self._opens_at(ticket, now) <= now and len(self._flying) < self._concurrent:
                self._waiting.remove(ticket)
                self._flying.add(ticket)
                if ticket.write:
                    self._tokens -= 1.0
                if ticket.notifies:
                    self._notify_at = max(self._notify_at, now) + _NOTIFY_GAP
                released.append(ticket)
        return released

    def next_at(self, now: float) -> float | None:
        """Return when :meth:`release` is due by time; None: after a finish."""
        if not self._waiting or len(self._flying) >= self._concurrent:
            return None
        return min(self._opens_at(ticket, now) for ticket in self._waiting)

    def finish(self, ticket: Ticket) -> None:
        """Free the place of a request that ended, or that nobody waits for."""
        self._flying.discard(ticket)
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def pause(self, until: float) -> list[Ticket]:
        """Be silent until then; return the waiting progress, which is dropped."""
        self._paused_until = max(self._paused_until, until)
        dropped = [ticket for ticket in self._waiting if _droppable(ticket)]
        self._waiting = [ticket for ticket in self._waiting if not _droppable(ticket)]
        return dropped

    def _opens_at(self, ticket: Ticket, now: float) -> float:
        opens = self._paused_until
        if ticket.write and self._tokens < 1.0 - 1e-6:
            opens = max(opens, now + 1.0 - self._tokens)
        return max(opens, self._notify_at - _HEAD_START) if ticket.notifies else opens


def _droppable(ticket: Ticket) -> bool:
    return ticket.urgency is Urgency.PROGRESS
