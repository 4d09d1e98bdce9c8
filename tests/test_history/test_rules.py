"""The rules of the history, at their boundaries."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from bot.test_history.records import Observation
from bot.test_history.rules import count_contradictions, is_flaky, judge

MINUTE = 60_000
DAY = 86_400_000


def history(ends: str, apart: int = 30 * MINUTE, commits: int = 1_000) -> list[Observation]:
    """Return one observation a letter: ``F`` failed, ``P`` passed; ``commits`` different ones in turn."""
    return [
        Observation(sha=f"c{number % commits}", tree=f"t{number}", passed=end == "P", at=number * apart)
        for number, end in enumerate(ends)
    ]


def states(observations: list[Observation]) -> set[str]:
    return {one.state for one in judge(observations)}


@pytest.mark.parametrize(
    ("ends", "apart", "commits", "broken"),
    [
        ("PFFFFF", 30 * MINUTE, 99, True),
        ("PFFFF", 30 * MINUTE, 99, False),  # four
        ("FFFFPF", 30 * MINUTE, 99, False),
        ("FFFFFP", 30 * MINUTE, 99, False),  # it passes again
        ("FFFFF", 30 * MINUTE, 3, True),
        ("FFFFF", 30 * MINUTE, 2, False),  # retries of two commits
        ("FFFFF", 450_000, 99, True),  # first to last exactly 30 minutes
        ("FFFFF", 449_999, 99, False),
    ],
)
def test_five_in_a_row_on_three_commits_and_half_an_hour_are_broken(
    ends: str, apart: int, commits: int, broken: bool
) -> None:
    assert ("broken" in states(history(ends, apart, commits))) is broken


@pytest.mark.parametrize(
    ("failed", "passed", "state"),
    [
        (14, 6, "refactor"),  # 70 of 100
        (13, 7, None),
        (13, 6, None),  # 19 observations
        (70, 30, "refactor"),
        (69, 31, None),
        (31, 4, "refactor"),  # 88 % of 35
        (32, 3, "delete or rewrite"),  # 91 %
        (90, 10, "delete or rewrite"),
        (89, 11, "refactor"),
        (31, 3, "refactor"),  # 91 % of 34
    ],
)
def test_rates_need_enough_observations_and_reach_their_percent(failed: int, passed: int, state: str | None) -> None:
    # the passes last, so that nothing is broken
    found = states(history("F" * failed + "P" * passed, apart=MINUTE))
    assert found == ({state} if state else set())


@pytest.mark.parametrize(
    ("runs", "days", "hopeless"), [(20, 7, True), (19, 7, False), (20, 6.99, False), (35, 1, True)]
)
def test_twenty_of_twenty_count_after_a_week(runs: int, days: float, hopeless: bool) -> None:
    found = states(history("F" * runs, apart=-int(-days * DAY // (runs - 1))))
    assert ("delete or rewrite" in found) is hopeless
    assert "refactor" not in found  # a test that never passed is not one to refactor


def test_flaky_is_both_outcomes_for_one_tree_twice() -> None:
    def seen(*pairs: tuple[str, str]) -> list[Observation]:
        return [
            Observation(sha=f"c{number}", tree=tree, passed=end == "P", at=number)
            for number, (tree, end) in enumerate(pairs)
        ]

    once = seen(("a", "F"), ("a", "P"), ("b", "F"), ("c", "P"))
    twice = seen(("a", "F"), ("a", "P"), ("b", "F"), ("b", "P"))
    one_tree = seen(("a", "F"), ("a", "P"), ("a", "F"), ("a", "P"))
    unknown = seen(("", "F"), ("", "P"), ("", "F"), ("", "P"))
    assert [count_contradictions(one) for one in (once, twice, one_tree, unknown)] == [1, 2, 2, 0]
    assert [is_flaky(judge(one)) for one in (once, twice, one_tree, unknown)] == [False, True, True, False]


def test_what_is_broken_now_is_not_called_flaky() -> None:
    flaky = [Observation(sha="a", tree="t", passed=end == "P", at=number) for number, end in enumerate("FPFP")]
    broken = [one.model_copy(update={"at": one.at + DAY}) for one in history("FFFFF")]
    assert is_flaky(judge(flaky))
    assert not is_flaky(judge([*flaky, *broken]))


def test_a_test_that_fails_a_tenth_of_the_time_is_called_broken_once_in_100_000() -> None:
    # all that the rule can see are the last five observations: every outcome of them, weighed
    weight = {"F": Fraction(1, 10), "P": Fraction(9, 10)}
    wrong = Fraction(0)
    for ends in itertools.product("FP", repeat=5):
        if "broken" in states(history("".join(ends))):
            chance = Fraction(1)
            for end in ends:
                chance *= weight[end]
            wrong += chance
    assert wrong == Fraction(1, 100_000)


def test_nor_is_it_ever_one_to_delete() -> None:
    drawn = random.Random(18)
    for _ in range(300):
        ends = "".join("F" if drawn.random() < 0.1 else "P" for _ in range(100))
        assert not states(history(ends)) & {"refactor", "delete or rewrite"}
