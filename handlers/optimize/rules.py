"""Define the section ``optimize`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bot.benchmarking.comparison import PAIRS
from bot.policy import Dollars, TaskRules


class OptimizeRules(TaskRules):
    """Rules of an optimisation."""

    section: ClassVar[str] = "optimize"

    label: str = Field(
        default="ai-optimize", min_length=1, max_length=50, description="the label that starts it on an issue"
    )
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one optimisation")
    pairs: int = Field(
        default=PAIRS, ge=20, le=200, description="pairs of runs that a gain is measured by; more show smaller ones"
    )
