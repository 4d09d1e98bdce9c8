"""Define the section ``test`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bot.policy import Dollars, TaskRules


class WriteTestsRules(TaskRules):
    """Rules of writing tests."""

    section: ClassVar[str] = "test"

    label: str = Field(
        default="ai-tests", min_length=1, max_length=50, description="the label that starts the writing of tests"
    )
    unverified: Literal["comment", "draft", "off"] = Field(
        default="comment", description="without tests that passed all checks: a comment, a draft, or nothing"
    )
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one task")
