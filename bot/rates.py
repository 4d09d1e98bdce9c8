"""Limit how often something may be done: token buckets by name, the one way for every door.

They are counted in this process, on the clock that nobody sets, and forget whom they did not hear of for longest. What
other processes took is told to them by ``bot.upkeep.sharing``, so that no request waits for a database.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import NamedTuple

_MOST_NAMES = 10_000


class Allowance(NamedTuple):
    """So many times in so many seconds for a name; all at once, too."""

    name: str
    most: int
    seconds: float = 60.0


class Rates:
    """Buckets that begin full and fill up evenly."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._taken: dict[Allowance, int] = {}

    def part(self, name: str) -> RatesPart:
        """Return buckets for one door: its names are no other's."""
        return RatesPart(self, name)

    def collect(self) -> dict[Allowance, int]:
        """Return what was taken here since the last time, and begin anew."""
        taken, self._taken = self._taken, {}
        return taken

    @property
    def has_taken(self) -> bool:
        """Return True if something was taken here since the last time."""
        return bool(self._taken)

    def spend(self, taken: Allowance, times: int) -> None:
        """Take what was taken elsewhere, as far as there is so much."""
        self._put(taken, self._look(taken) - times)

    def take(self, *wanted: Allowance, times: int = 1) -> float:
        """Take from all of these; return 0, or the seconds until all have it.

        Where one has too little nothing is taken from any.
        """
        waits = [self.find_wait(one, times) for one in wanted]
        if any(waits):
            return max(waits)
        for one in wanted:
            self._put(one, self._look(one) - times)
            if one in self._taken or len(self._taken) < _MOST_NAMES:
                self._taken[one] = self._taken.get(one, 0) + times
        return 0.0

    def find_wait(self, wanted: Allowance, times: int = 1) -> float:
        """Return 0, or the seconds until there are so many; take nothing."""
        missing = min(times, wanted.most) - self._look(wanted)
        return max(missing, 0.0) * wanted.seconds / wanted.most

    def _look(self, wanted: Allowance) -> float:
        now = time.monotonic()
        left, at = self._left.get(wanted.name, (float(wanted.most), now))
        return min(float(wanted.most), left + (now - at) * wanted.most / wanted.seconds)

    def _put(self, wanted: Allowance, left: float) -> None:
        self._left[wanted.name] = (max(left, 0.0), time.monotonic())
        self._left.move_to_end(wanted.name)
        if len(self._left) > _MOST_NAMES:
            self._left.popitem(last=False)


class RatesPart:
    """The buckets of one door among those of a process."""

    def __init__(self, rates: Rates, name: str) -> None:
        self._rates = rates
        self._name = name

    def take(self, *wanted: Allowance) -> float:
        """Take from all of these, as :meth:`Rates.take` does."""
        return self._rates.take(*map(self._within, wanted))

    def find_wait(self, wanted: Allowance) -> float:
        """Return 0, or the seconds until there is one; take nothing."""
        return self._rates.find_wait(self._within(wanted))

    def _within(self, one: Allowance) -> Allowance:
        return one._replace(name=f"{self._name} {one.name}")
