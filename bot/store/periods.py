"""Cut time into the days and months of one zone.

A day begins at its midnight, or where the clocks skip that, at the moment they do; so days touch, whether they have 23,
24 or 25 hours, and what is added up by days is the whole.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from bot.types import Period

QUARTER_MS = 900_000  # every zone's days begin and end on a quarter of an hour of UTC


@lru_cache(maxsize=2048)  # a report asks for the same edges of days again and again
def find_day(at: int, zone: tzinfo) -> str:
    """Return the day of a moment (ms since the epoch) as ``YYYY-MM-DD``."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).date().isoformat()


def find_start(period: Period, at: int, zone: tzinfo) -> int:
    """Return when the period around a moment began; 0 for ``total`` (ms)."""
    if period == "total":
        return 0
    day = date.fromisoformat(find_day(at, zone))
    return _begin(day.replace(day=1) if period == "month" else day, zone)


def find_bounds(first: date, last: date, zone: tzinfo) -> tuple[int, int]:
    """Return the first moment of the first day and that behind the last (ms)."""
    return _begin(first, zone), _begin(last + timedelta(days=1), zone)


def _begin(day: date, zone: tzinfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000
