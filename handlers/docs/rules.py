"""Define the section ``docs`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bot.policy import Dollars, TaskRules


class DocsRules(TaskRules):
    """Rules of work on documentation."""

    section: ClassVar[str] = "docs"

    label: str = Field(
        default="ai-docs", min_length=1, max_length=50, description="the label that starts it on an issue"
    )
    unverified: Literal["comment", "draft", "off"] = Field(
        default="comment", description="without a verified change: a comment, a draft pull request, or nothing"
    )
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one task")
