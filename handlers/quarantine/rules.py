"""Define input and policy of ``/quarantine``."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bot.policy import TaskRules
from bot.work.origin import Request, TaskInput

_BECAUSE = " because "


class QuarantineInput(TaskInput):
    """Input of a quarantine."""

    target: str = Field(title="test", description="the flaky test; behind `because`, why it cannot be fixed at once")
    reason: str = Field(default="", title="reason", description="why it cannot be fixed at once")

    @property
    def name(self) -> str:
        """Return the test's name."""
        return self.target.partition(_BECAUSE)[0].strip().strip("`").strip()

    @property
    def why(self) -> str:
        """Return the reason that was given, in one line."""
        return " ".join((self.reason or self.target.partition(_BECAUSE)[2]).split())


class QuarantineRules(TaskRules):
    """Rules of quarantine."""

    section: ClassVar[str] = "quarantine"

    most: int = Field(default=5, ge=0, le=50, description="tests that may be in quarantine at once; 0: none")
    owner: str = Field(default="", max_length=100, description="who owns quarantined tests; else who asked for it")


QuarantineTask = Request[QuarantineInput]
