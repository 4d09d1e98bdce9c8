"""Define the section ``fix`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bot.policy import Dollars, TaskRules


class FixRules(TaskRules):
    """Rules of a fix."""

    section: ClassVar[str] = "fix"

    label: str = Field(
        default="ai-bug-fix", min_length=1, max_length=50, description="the label that starts a fix on an issue"
    )
    unverified: Literal["comment", "draft", "off"] = Field(
        default="comment", description="without a verified fix: a comment, a draft pull request, or nothing"
    )
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one fix")
    rerank: bool = Field(default=False, description="ask a cheap model once in which order the likeliest files come")
