"""Name the place of a review comment as GitHub's API takes it."""

from __future__ import annotations

from bot.github.text.diffs import Side
from bot.types import JsonModel


class Anchor(JsonModel):
    """A place of a review comment, as GitHub's API takes it."""

    path: str
    line: int  # the last one
    side: Side  # LEFT is the old file, RIGHT the new one
    start_line: int | None = None  # the first of several, in the same hunk
    start_side: Side | None = None
