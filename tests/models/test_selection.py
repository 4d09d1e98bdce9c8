"""The order in which a role's models are asked."""

from __future__ import annotations

import pytest

from bot.models.selection import order
from bot.settings import Strategy

PRICES = {"opus": 5.0, "sonnet": 2.0, "haiku": 0.1, "twin": 2.0}
LISTED = ["opus", "sonnet", "haiku"]


@pytest.mark.parametrize(
    ("strategy", "failed", "expected"),
    [
        ("strongest", None, "opus sonnet haiku"),
        ("strongest", 2, "opus sonnet haiku"),
        ("escalate", 0, "haiku sonnet opus"),
        ("escalate", 1, "opus sonnet haiku"),
        ("escalate", 9, "opus sonnet haiku"),
        ("escalate", None, "opus sonnet haiku"),  # nothing would show that the cheap answer is wrong
        ("cheapest", None, "haiku sonnet opus"),
        ("cheapest", 0, "haiku sonnet opus"),
        ("cheapest", 1, "sonnet opus haiku"),
        ("cheapest", 2, "opus sonnet haiku"),
        ("cheapest", 9, "opus sonnet haiku"),
    ],
)
def test_strategy_and_failures_decide(strategy: Strategy, failed: int | None, expected: str) -> None:
    assert order(LISTED, strategy, failed, PRICES.__getitem__) == expected.split()


def test_models_of_one_price_are_asked_as_they_are_listed() -> None:
    assert order(["twin", "sonnet"], "cheapest", 0, PRICES.__getitem__) == ["twin", "sonnet"]
    assert order(["opus"], "cheapest", 3, PRICES.__getitem__) == ["opus"]
