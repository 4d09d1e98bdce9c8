"""Define what is asked for, and what is known of it before anything is edited."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.change.recipe import AnyEvidence
from bot.change.records import Brief, Evidence, Judgement
from bot.documentation.records import Defect
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput

TargetKind = Literal["change", "files", "architecture", "api", "text"]


class DocsInput(TaskInput):
    """Input of work on documentation."""

    target: str = Field(
        default="",
        title="target",
        description="a path, a name, `architecture`, `api`, `how-to TEXT`, `runbook TEXT`, or what is wanted",
    )


class Target(JsonModel):
    """Subject of the work: files to make true, a page to write, or a wish."""

    kind: TargetKind
    paths: tuple[str, ...] = ()
    symbol: str = ""  # the dotted name that was asked for


class Survey(JsonModel):
    """Facts found by code before any edit.

    ``required`` are texts that code alone decides, and that the ``page`` must hold as they are.
    """

    target: Target
    defects: tuple[Defect, ...] = ()
    page: str = ""
    required: tuple[str, ...] = ()
    since: str = ""  # the commit at which stale passages were true


DocsTask = Request[DocsInput]


class DocsEvidence(Evidence[DocsTask, Brief, Judgement]):
    """Evidence of a change of documentation."""

    survey: Survey | None = None


def survey_of(evidence: AnyEvidence) -> Survey | None:
    """Return what was found before any edit, if it came to that."""
    assert isinstance(evidence, DocsEvidence), "the recipe keeps its changes in this evidence"
    return evidence.survey


def defects_of(evidence: AnyEvidence) -> tuple[Defect, ...]:
    """Return the faults that code found before any edit."""
    survey = survey_of(evidence)
    return survey.defects if survey is not None else ()
