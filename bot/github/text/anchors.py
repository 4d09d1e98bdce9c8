"""Name the place of a review comment as GitHub's API takes it."""

from __future__ import annotations

from bot.github.text.diffs import Side
from bot.types import JsonModel


class Anchor(JsonModel):
    """A place of a review comment, as GitHub's API takes it.

    ``line`` is the last line, ``start_line`` the first where there are several; both are in the same hunk, on ``side``:
    LEFT (the old file) or RIGHT (the new one).
    """

    path: str
    line: int
    side: Side
    start_line: int | None = None
    start_side: Side | None = None
