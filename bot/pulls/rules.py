"""Define the section ``review`` of a repository's policy."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from bot.analysis.records import Analyser
from bot.patterns import matches
from bot.policy import Dollars, TaskRules

_ANALYSER_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def _check_name(value: str) -> str:
    if not _ANALYSER_NAME.fullmatch(value):
        raise ValueError("no name of an analyser: small letters, digits, - and _, 40 at most, such as our-linter")
    return value


AnalyserName = Annotated[str, AfterValidator(_check_name)]
Occasion = Literal["opened", "reopened", "ready_for_review", "synchronize"]


class ReviewRules(TaskRules):
    """Rules of a review: when, how much inline, and what to look for where."""

    section: ClassVar[str] = "review"

    on: tuple[Occasion, ...] = Field(
        default=("opened", "reopened", "ready_for_review"), description="events that start a review by themselves"
    )
    inline: int = Field(default=5, ge=0, le=30, description="comments on lines, at most; the others are folded")
    ignore: tuple[str, ...] = Field(default=(), description="patterns of paths that are not read")
    instructions: dict[str, str] = Field(default_factory=dict, description="what to look for, by pattern of paths")
    forks: bool = Field(default=False, description="review pull requests of forks by themselves, whoever opened them")
    block: bool = Field(default=False, description="let the check run fail on proved blockers and bugs")
    max_dollars: Dollars | None = Field(default=1.0, description="ceiling for the model calls of one review")
    analysers: dict[AnalyserName, Analyser] = Field(
        default_factory=dict, max_length=10, description="analysers of the repository's own"
    )

    def ignores(self, path: str) -> bool:
        """Return whether reviews leave this path out."""
        return any(matches(pattern, path) for pattern in self.ignore)

    def instructions_for(self, path: str) -> list[str]:
        """Return what to look for in this path, in the file's order."""
        return [text for pattern, text in self.instructions.items() if matches(pattern, path)]

    def explain(self, path: str) -> list[str]:
        """Explain whether the path is reviewed, and what is looked for."""
        instructions = [f"instruction: {text}" for text in self.instructions_for(path)]
        return [
            f"reviewed: {'no (review.ignore)' if self.ignores(path) else 'yes'}",
            *(instructions or ["instruction: none"]),
        ]
