"""Say in which order a role's models are asked, and what a try that failed changes about that. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.models.port import Usage
from bot.settings import Strategy

# A turn in the middle of a fix. One size for all questions: a choice that followed each question's own would change
# models in mid-conversation, and what the last one has cached would be paid again.
TYPICAL = Usage(input=20_000, cached=15_000, output=1_000)


def order(names: Sequence[str], strategy: Strategy, failed: int | None, price: Callable[[str], float]) -> list[str]:
    """Return ``names``, which stand strongest first, in the order to ask them.

    ``failed`` counts the tries before this one that did not pass; None where nothing checks the answer. ``price`` is
    that of a :data:`TYPICAL` turn. Those behind the first are for when it cannot answer.
    """
    if strategy == "strongest":
        return list(names)
    rising = sorted(names, key=price)
    if strategy == "escalate":
        return rising if failed == 0 else list(names)
    first = min(failed or 0, len(rising) - 1)
    return [*rising[first:], *reversed(rising[:first])]
