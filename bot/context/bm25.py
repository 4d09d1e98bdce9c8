"""Score documents by Okapi BM25: how well texts match weighted words."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

K1 = 1.2  # how fast a repeated word stops counting; the usual value
B = 0.75  # how much long documents are marked down; the usual value
COMMON = 0.4  # a word that a larger share of documents holds tells nothing

Hits = Collection[tuple[int, int]]


class Documents:
    """Documents by number, with what no question changes computed once."""

    def __init__(self, lengths: Mapping[int, int], *, b: float = B) -> None:
        self._total = len(lengths)
        self._average = max(1.0, sum(lengths.values()) / self._total) if lengths else 1.0
        self._norm = {number: K1 * (1 - b + b * length / self._average) for number, length in lengths.items()}

    def rarity(self, held: int) -> float:
        """Return how telling a word is: 0 if in none, or more than four of ten."""
        if not 0 < held <= max(10, COMMON * self._total):
            return 0.0
        return math.log(1 + (self._total - held + 0.5) / (held + 0.5))

    def scores(self, weights: Mapping[str, float], hits: Callable[[str], Hits]) -> dict[int, float]:
        """Score of each document that holds one of the weighted words.

        ``hits`` gives (number, how often) for a word, of these documents only. Words in more than four of ten
        documents say nothing and are not counted.
        """
        found: dict[int, float] = defaultdict(float)
        norm = self._norm
        for word, weight in weights.items():
            held = hits(word)
            rarity = self.rarity(len(held))
            if not rarity:
                continue
            gain = weight * (K1 + 1) * rarity
            for number, times in held:
                found[number] += gain * times / (times + norm[number])
        return found
