"""Define what is found wrong with documentation."""

from __future__ import annotations

from typing import Literal

from bot.types import JsonModel

Kind = Literal["missing", "false", "untold", "stale"]


class Defect(JsonModel):
    """Fault of a passage or docstring, at a line of a file."""

    kind: Kind
    path: str
    line: int
    subject: str  # what it is about: a dotted name, an option, a link
    text: str  # in words

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what stays the same while lines move."""
        return self.kind, self.path, self.text


class StalePassage(JsonModel):
    """A passage that names what a change took away."""

    path: str
    start: int  # first and last line at the head, from 1
    end: int
    text: str
    reasons: tuple[str, ...]
