"""Name the stages of a review."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Stage that steps report; the declaration gives it its title."""

    READ = "read"
    LOOK = "look"
    ANALYSE = "analyse"
    FIND = "find"
    VERIFY = "verify"
    POST = "post"
