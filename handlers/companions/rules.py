"""Define the section ``companions`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bot.policy import TaskRules


class CompanionsRules(TaskRules):
    """Rules of what is named as missing."""

    section: ClassVar[str] = "companions"

    show: bool = Field(
        default=False,
        description="name on pull requests, by code alone, a missing test, migration or changelog entry and stale docs",
    )
