"""Define the section ``complete`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bot.policy import Dollars, TaskRules


class CompleteRules(TaskRules):
    """Rules of a completion."""

    section: ClassVar[str] = "complete"

    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one completion")
