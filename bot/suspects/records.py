"""Define a suspect: a commit with the reasons to look at it."""

from __future__ import annotations

from bot.types import JsonModel


class Suspect(JsonModel):
    """Commit that may have brought a failure; the likelier, the higher."""

    sha: str
    subject: str
    time: int  # seconds since the epoch
    score: float
    reasons: tuple[str, ...]
