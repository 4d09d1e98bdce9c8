"""Define the section ``heal`` of a repository's policy."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bot.policy import Dollars, TaskRules


class HealRules(TaskRules):
    """Rules of a heal."""

    section: ClassVar[str] = "heal"

    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one heal")
    attempts: int = Field(
        default=2, ge=1, le=5, description="heals of one branch that nobody asked for, in a day; then a person is asked"
    )
    renew: tuple[Literal["snapshots", "locks"], ...] = Field(
        default=(),
        description="what a pull request may renew where nothing else is wrong: `snapshots`, `locks` (lock files that "
        "are out of date); whether the new ones are right is for people to say",
    )
