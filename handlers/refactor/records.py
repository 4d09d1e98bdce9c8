"""Define the evidence of a refactoring, stored as JSON."""

from __future__ import annotations

from pydantic import Field

from bot.change.recipe import AnyEvidence
from bot.change.records import Brief, ChangeTask, Evidence, Judgement
from bot.codemod.target import Rename
from bot.git.changes import NO_CHANGES, Changes
from bot.surface.measures import Measure
from bot.types import JsonModel


class Goal(JsonModel):
    """A figure to lessen: of a function, a file, or all changed files."""

    measure: Measure
    function: str = ""  # with its class
    path: str = ""
    paths: tuple[str, ...] = ()  # of the planned functions
    before: int

    def __str__(self) -> str:
        where = self.function or self.path
        return f"{self.measure} of `{where}`" if where else f"{self.measure} of all changed files"


class Plan(JsonModel):
    """Intent of a model, checked by code: what it will touch, and why."""

    functions: dict[str, tuple[str, ...]] = Field(default={})  # by path
    goal: Goal | None = None
    rename: Rename | None = None  # then nothing else is done
    why: str = ""


class RefactorEvidence(Evidence[ChangeTask, Brief, Judgement]):
    """Evidence of a refactoring: the plan, and tests written before the edit."""

    plan: Plan | None = None
    written: Changes = NO_CHANGES  # characterisation tests

    @property
    def begun(self) -> Changes:
        """Return the tests that were written first."""
        return self.written


def get_plan(evidence: AnyEvidence) -> Plan:
    """Return the plan, which is there once anything is edited."""
    plan = evidence.plan if isinstance(evidence, RefactorEvidence) else None
    assert plan is not None, "nothing is edited without a plan"
    return plan
