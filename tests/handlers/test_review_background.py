"""Background for the verifier: origin of removed lines, changes elsewhere."""

from __future__ import annotations

from bot.github.text.diffs import parse_diff
from handlers.review.background import find_removed_ranges
from tests.pulls.test_places import diff


def test_removed_lines_are_asked_about_in_runs_of_the_base() -> None:
    old = [f"line {number}" for number in range(1, 40)]
    new = [*old[:4], *old[6:20], "other", *old[21:]]
    assert find_removed_ranges(parse_diff(diff(old, new))[0]) == [(5, 6), (21, 21)]
    assert find_removed_ranges(parse_diff(diff(old, [*old, "more"]))[0]) == []
