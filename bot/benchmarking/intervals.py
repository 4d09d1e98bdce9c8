"""Estimate a ratio from pairs, and how sure the estimate is."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

from bot.types import JsonModel

_RESAMPLES = 2_000
_TAIL = 0.025


class Interval(JsonModel):
    """Median of paired ratios with its 95 % interval."""

    median: float
    low: float
    high: float


def estimate_ratio(pairs: Sequence[tuple[float, float]]) -> Interval:
    """Return first over second: the median of the pairs' ratios.

    The interval is a percentile bootstrap of the median, with a seed of its own, so that it is the same again for the
    same pairs.
    """
    ratios = [first / second for first, second in pairs]
    source = random.Random(0)  # noqa: S311 - resampling, no secret
    medians = sorted(statistics.median(source.choices(ratios, k=len(ratios))) for _ in range(_RESAMPLES))
    edge = int(_RESAMPLES * _TAIL)
    return Interval(median=statistics.median(ratios), low=medians[edge], high=medians[-edge - 1])
