"""Suggestions that a thread has already are not made again.

Whoever made them, and whether or not the thread is resolved.
"""

from __future__ import annotations

import pytest

from bot.github.resources.threads import Thread, ThreadComment
from bot.github.text.anchors import Anchor
from bot.pulls.memory import Memory
from handlers.answer.records import PlacedSuggestion, Suggestion
from handlers.answer.repeats import drop_repeats

PATH = "shop/basket.py"
TEXT = "def mean(prices):\n    total = sum(prices)\n    return total / len(prices)\n\n\ndef tax(price, rate):\n" * 2
BLOCK = "```suggestion\n    return total / len(prices) if prices else 0\n```"
WHY = "An empty list of prices no longer raises a division by zero."
ZERO = PlacedSuggestion(
    suggested=Suggestion(
        path=PATH,
        line=3,
        quote="    return total / len(prices)",
        replacement="    return total / len(prices) if prices else 0",
        why=WHY,
    ),
    anchor=Anchor(path=PATH, line=3, side="RIGHT"),
    block=BLOCK,
)


def thread(body: str, author: str = "mara", line: int | None = 3, resolved: bool = False) -> Thread:
    said = ThreadComment(
        id=1, body=body, author=author, author_id=7, is_bot=False, association="NONE", created_at="2026-11-21T07:00:00Z"
    )
    return Thread(
        id="PRRT_1",
        path=PATH,
        line=line,
        start_line=None,
        original_line=line,
        side="RIGHT",
        resolved=resolved,
        resolved_by="mara" if resolved else None,
        outdated=line is None,
        comments=(said,),
    )


@pytest.mark.parametrize(
    ("there", "new"),
    [
        (thread("What about an empty list? `len(prices)` is zero then: division by zero."), False),
        (thread("What about an empty list? `len(prices)` is zero then: division by zero.", resolved=True), False),
        (thread(f"Nicer like this:\r\n\r\n{BLOCK}".replace("\n", "\r\n"), "forgehand[bot]"), False),
        (thread(f"{WHY}\n\n{BLOCK}", "forgehand[bot]", line=None, resolved=True), False),
        (thread("Please name this function `average`, as in the other modules."), True),
        (thread("An empty list of prices never comes here: no division by zero.", author="ann"), True),
        (thread(BLOCK, line=9), True),
    ],
)
def test_only_what_nobody_said_is_suggested(there: Thread, new: bool) -> None:
    memory = Memory(bot_id=99, author="ann", threads=(there,))
    assert drop_repeats(memory, [ZERO], {PATH: TEXT}) == ((ZERO,) if new else ())
