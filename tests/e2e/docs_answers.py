"""Scripted answers of a writer of documentation, for the sample with a page that is false."""

from __future__ import annotations

from typing import Any

from tests.e2e.answers import Rule, calls, change, edit, finish, judged

WRITER = "You write documentation"
JUDGE = "You check whether documentation says"
PAGE = "docs/usage.md"
FALSE = "Call `basket.basket.sum_up` with the prices as people write them.\n"
TRUE = "Call `basket.basket.total` with the prices as people write them.\n"
EXAMPLE = '```pycon\n>>> from basket.basket import total\n>>> total(["3", "4"])\n700\n```\n'
TEXT = f"# Usage\n\n{FALSE}\n{EXAMPLE}\nPrices are whole numbers of euros.\n"
MENDED = change(PAGE, FALSE, TRUE)
FOUND = "`basket.basket.sum_up` does not exist"
NO_REVIEWS = "review: { on: [] }\n"
JUDGED: Rule = {"match": {"system": JUDGE}, "reply": judged(passed=True, reason="It says so."), "reusable": True}


def writes(*replies: dict[str, Any]) -> list[Rule]:
    """Answer as the writer, in order; afterwards it only says that it is done."""
    done = calls(finish("The page named what is not there.", "It names `total`."))
    rules = [{"match": {"system": WRITER}, "reply": reply} for reply in (*replies, done)]
    return [*rules, {"match": {"system": WRITER}, "reply": done, "reusable": True}, JUDGED]


def mends(*edits: str) -> list[Rule]:
    """Answer as a writer who makes these edits, one a turn."""
    return writes(*(calls(edit(text)) for text in edits))
