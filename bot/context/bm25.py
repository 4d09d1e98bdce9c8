"""Okapi BM25 over postings: how well texts match weighted words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

K1 = 1.2
B = 0.75
COMMON = 0.4

Hits = Iterable[tuple[int, int]]


def scores(
    weights: Mapping[str, float],
    hits: Callable[[str], Hits],
    lengths: Mapping[int, int],
    *,
    b: float = B,
) -> dict[int, float]:
    """Score of each document number in ``lengths`` (its words) that holds one of the weighted words.

    ``hits`` gives (number, how often) for a word; numbers not in ``lengths`` are passed over. Words in more than four
    of ten documents say nothing and are not counted.
    """
    total = len(lengths)
    if not total:
        return {}
    average = max(1.0, sum(lengths.values()) / total)
    norm = {number: K1 * (1 - b + b * length / average) for number, length in lengths.items()}
    found: dict[int, float] = {}
    for word, weight in weights.items():
        held = [(number, times) for number, times in hits(word) if number in norm]
        if not held or len(held) > max(10, COMMON * total):
            continue
        gain = weight * (K1 + 1) * math.log(1 + (total - len(held) + 0.5) / (len(held) + 0.5))
        for number, times in held:
            found[number] = found.get(number, 0.0) + gain * times / (times + norm[number])
    return found
