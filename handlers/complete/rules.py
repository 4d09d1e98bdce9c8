"""Define the section ``complete`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bot.policy import Dollars, TaskRules


class CompleteRules(TaskRules):
    """Rules of a completion."""

    section: ClassVar[str] = "complete"

    label: str = Field(
        default="ai-complete", min_length=1, max_length=50, description="the label that starts it on a pull request"
    )
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one completion")
