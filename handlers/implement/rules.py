"""Define the section ``implement`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bot.plans.records import Plan
from bot.policy import Dollars, TaskRules

# what somebody reads as one change without having been asked before
_SMALL_STEPS = 3
_SMALL_FILES = 8


class ImplementRules(TaskRules):
    """Rules of an implementation."""

    section: ClassVar[str] = "implement"

    label: str = Field(
        default="ai-feature", min_length=1, max_length=50, description="the label that starts it on an issue"
    )
    approval: Literal["never", "large", "always"] = Field(
        default="large",
        description=f"when the plan waits for `/approve`: `large` is more than {_SMALL_STEPS} steps or {_SMALL_FILES} "
        "files, or a plan that a second model objects to",
    )
    unverified: Literal["comment", "draft", "off"] = Field(
        default="comment", description="without a verified change: a comment, a draft pull request, or nothing"
    )
    max_dollars: Dollars | None = Field(default=5.0, description="ceiling for the model calls of one implementation")
    rerank: bool = Field(default=False, description="ask a cheap model once in which order the likeliest files come")

    def wants_approval(self, plan: Plan, *, disputed: bool) -> bool:
        """Return whether a plan has to be approved before it is carried out."""
        large = len(plan.steps) > _SMALL_STEPS or len(plan.files) > _SMALL_FILES or disputed
        return self.approval == "always" or (self.approval == "large" and large)
