"""What a review needs from who writes its words; :mod:`handlers.review.words` has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.github.resources.checks import CheckReport
from bot.pulls.records import Reviewed, Settled


@dataclass(frozen=True)
class Voice:
    """Words for one comment on lines, the review that holds them, the summary comment, the check run, one sentence.

    ``comment`` is given the finding and its suggestion block, "" where there is none.
    """

    comment: Callable[[Settled, str], str]
    review: Callable[[Reviewed], str]
    summary: Callable[[Reviewed], str]
    check: Callable[[Reviewed], CheckReport]
    sentence: Callable[[Reviewed], str]
