"""Name the stages of planning."""

from __future__ import annotations

from enum import StrEnum


class PlanStage(StrEnum):
    """A stage between reading the issue and anything that is run."""

    SPECIFY = "specify"
    PLAN = "plan"
