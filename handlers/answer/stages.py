"""Name the stages that all conversations go through."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Stage that steps report; each task gives it a title of its own."""

    READ = "read"
    LOOK = "look"
    ANSWER = "answer"
