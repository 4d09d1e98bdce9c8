"""A ratio and its interval: what is claimed of pairs, and what is not."""

from __future__ import annotations

import random

from bot.benchmarking.intervals import estimate_ratio


def noisy(source: random.Random, effect: float, pairs: int = 30) -> list[tuple[float, float]]:
    """Pairs as a busy machine gives them: 3 % of noise on each side, and one in ten disturbed."""

    def one(seconds: float) -> float:
        return seconds * source.lognormvariate(0, 0.03) * (source.uniform(1, 1.5) if source.random() < 0.1 else 1)

    return [(one(0.1 * effect), one(0.1)) for _ in range(pairs)]


def test_the_interval_holds_the_median_and_is_the_same_again() -> None:
    pairs = noisy(random.Random(1), 1.2)
    found = estimate_ratio(pairs)
    assert found == estimate_ratio(pairs)
    assert found.low < found.median < found.high
    assert 1.15 < found.median < 1.25


def test_one_disturbed_pair_does_not_move_the_median() -> None:
    pairs = [(1.0, 1.0)] * 9
    assert estimate_ratio([*pairs, (50.0, 1.0)]).median == 1.0


def test_equal_trees_are_seldom_told_apart_and_a_tenth_always_is() -> None:
    source = random.Random(2)
    null = [estimate_ratio(noisy(source, 1.0)).low > 1.01 for _ in range(100)]
    assert sum(null) <= 2
    tenth = [estimate_ratio(noisy(source, 1.1)).low > 1.01 for _ in range(20)]
    assert all(tenth)
