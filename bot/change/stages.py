"""Name the stages of a change, in the order in which they run."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """A stage as progress records it and status comments list it."""

    READ = "read"
    FIND = "find"
    PREPARE = "prepare"
    PROVE = "prove"
    EDIT = "edit"
    GATE = "gate"
    JUDGE = "judge"
    PUBLISH = "publish"
