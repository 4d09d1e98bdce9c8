"""Limit how often something may be done: token buckets by name, the one way for every door.

They are counted in this process, on the clock that nobody sets, and forget whom they did not hear of for longest.
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

    def take(self, *wanted: Allowance, times: int = 1) -> float:
        """Take from all of these; return 0, or the seconds until all have it.

        Where one has too little nothing is taken from any.
        """
        waits = [self.find_wait(one, times) for one in wanted]
        if any(waits):
            return max(waits)
        for one in wanted:
            self._put(one, self._look(one) - times)
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
