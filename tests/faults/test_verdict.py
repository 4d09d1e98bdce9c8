"""Which questions the harness takes for paid twice."""

from __future__ import annotations

import pytest

from tests.faults.verdict import repeats


@pytest.mark.parametrize(
    ("texts", "asked_before", "repeated"),
    [
        (["one", "two"], [1], 0),
        (["one", "one"], [1], 0),
        (["one", "two", "one", "two"], [2], 0),
        (["one", "one"], [], 1),
        (["one", "one"], [0, 2], 1),
        (["one", "one", "one"], [1], 1),
        (["one", "one and on", "one"], [2], 1),
        (["one", "one and on", "one and on"], [2], 0),
    ],
)
def test_only_what_was_under_way_at_a_blow_may_be_asked_again(
    texts: list[str], asked_before: list[int], repeated: int
) -> None:
    assert len(repeats(texts, asked_before)) == repeated
