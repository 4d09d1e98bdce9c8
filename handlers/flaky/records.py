"""Define what ``/flaky`` is asked, and what its steps hand on."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from bot.change.recipe import AnyEvidence
from bot.change.records import Brief, ChangeTask, Evidence, Judgement
from bot.flakiness.records import Examination
from bot.policy import Dollars, TaskRules
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput


class FlakyStage(StrEnum):
    """Stage that steps report, beside those of a change."""

    HISTORY = "history"
    EXAMINE = "examine"


class FlakyInput(TaskInput):
    """Input of an examination."""

    target: str = Field(default="", title="test", description="the test to examine; nothing: the repository's report")
    fix: bool = Field(default=False, title="fix", description="also fix it, with the reproduced flake as the proof")
    weekly: bool = Field(default=False, description="write the report into the repository's issue")


class FlakyRules(TaskRules):
    """Rules of flaky tests."""

    section: ClassVar[str] = "flaky"

    weekly: bool = Field(default=False, description="keep one issue with the report, renewed once a week")
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one fix")


FlakyTask = Request[FlakyInput]


class Resolved(JsonModel):
    """The test that is meant, or in words the ``problem``."""

    test: str = ""
    orders: bool = False  # whether orders can be run for it
    problem: str = ""
    note: str = ""


class FlakyEvidence(Evidence[ChangeTask, Brief, Judgement]):
    """Evidence of a fixed flake: what was seen before the edit."""

    flake: Examination | None = None


def get_flake(evidence: AnyEvidence) -> Examination:
    """Return what was seen, which is there once anything is edited."""
    flake = find_flake(evidence)
    assert flake is not None, "nothing is edited before the flake is reproduced"
    return flake


def find_flake(evidence: AnyEvidence) -> Examination | None:
    """Return what was seen before the edit, if it was."""
    return evidence.flake if isinstance(evidence, FlakyEvidence) else None
