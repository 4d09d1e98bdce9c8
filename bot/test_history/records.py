"""Define an observation of a test, and what its history says of it."""

from __future__ import annotations

from typing import Literal

from bot.types import JsonModel

State = Literal["broken", "delete or rewrite", "refactor", "flaky"]


class Observation(JsonModel):
    """End of a test in one job, at one attempt of it, on one commit.

    ``at`` is in milliseconds. ``tree`` is the hash of the commit's files, "" where it is not known.
    """

    sha: str
    tree: str = ""
    passed: bool
    at: int


class Verdict(JsonModel):
    """State that the history of a test shows, and the figures that show it."""

    state: State
    reason: str
