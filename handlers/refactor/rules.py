"""Define the section ``refactor`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bot.policy import Dollars, TaskRules


class RefactorRules(TaskRules):
    """Rules of a refactoring."""

    section: ClassVar[str] = "refactor"

    label: str = Field(
        default="ai-refactor", min_length=1, max_length=50, description="the label that starts it on an issue"
    )
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one refactoring")
