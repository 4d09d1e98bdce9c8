"""Define what a task that writes tests knows and keeps."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Brief, Evidence, Judgement
from bot.mutation.records import Mutant, MutantVerdict, Scope
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput
from handlers.test.invitations import Invitation


class WriteTestsInput(TaskInput):
    """Target of new tests, as it was typed."""

    target: str = Field(
        default="",
        title="target",
        description="a path, a dotted name or `path:function`; without it the changed lines of a pull request, or what "
        "the issue names",
    )
    fuzz: bool = Field(default=False, description="write fuzz tests: arbitrary input ends only in documented errors")

    @model_validator(mode="before")
    @classmethod
    def _read_fuzz(cls, given: Any) -> Any:
        """Read the word ``fuzz`` before or behind a typed target."""
        if not isinstance(given, dict) or not isinstance(target := given.get("target"), str):
            return given
        words = target.split()
        if "fuzz" not in (words[:1] + words[-1:]):
            return given
        rest = words[1:] if words[0] == "fuzz" else words[:-1]
        return {**given, "target": " ".join(rest), "fuzz": True}


class TargetSurvey(JsonModel):
    """Faults of the target that no test noticed before, and how many others.

    ``tests`` says which tests did not notice them, ``uses_hypothesis`` whether it is installed, ``invitations`` what
    the signatures invite to assert for all input.
    """

    name: str
    scopes: dict[str, Scope]
    mutants: tuple[Mutant, ...]  # those that a new test may notice
    verdicts: dict[MutantVerdict, int]  # of all, return-None left out
    tests: str
    nearby: tuple[str, ...] = ()  # files that test the target already
    uses_hypothesis: bool = False
    invitations: tuple[Invitation, ...] = ()
    fuzz: bool = False  # an error that nobody documented is then what a test finds

    @property
    def killed(self) -> int:
        return self.verdicts.get("killed", 0)

    @property
    def judged(self) -> int:
        """Return how many faults were decided either way."""
        return self.killed + len(self.mutants)


class WriteTestsEvidence(Evidence[Request[WriteTestsInput], Brief, Judgement]):
    """Evidence of a change that adds tests."""

    survey: TargetSurvey | None = None


def survey_of(evidence: AnyEvidence) -> TargetSurvey | None:
    """Return what was measured of the target before any edit."""
    return evidence.survey if isinstance(evidence, WriteTestsEvidence) else None


WriteTestsTask = Request[WriteTestsInput]
WriteTestsJob = Job[WriteTestsTask]
