"""Say what a task ended in, and what is known of the five parts of a change.

Every door reads this out of a result's data, whatever else the task records there.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.types import JsonModel

PartName = Literal["implementation", "tests", "documentation", "performance", "security"]
Form = Literal["pull_request", "branch", "patch", "document", "answer"]


class Part(JsonModel):
    """One part of a change, told by what ran or looked at it."""

    measured: bool = Field(default=False, description="whether anything ran or looked at it")
    text: str = Field(
        default="Nothing measured this.",
        description="plain text: what was found, and by what, or why nothing was measured",
    )


NOT_MEASURED = Part()


class Parts(JsonModel):
    """The five parts of a change."""

    implementation: Part = NOT_MEASURED
    tests: Part = NOT_MEASURED
    documentation: Part = NOT_MEASURED
    performance: Part = NOT_MEASURED
    security: Part = NOT_MEASURED


class Remark(JsonModel):
    """A task's words about a line."""

    path: str
    line: int | None = Field(description="of the file as the change leaves it, null for the file as a whole")
    text: str = Field(description="Markdown")


class Ending(JsonModel):
    """End of a task, as every door tells it."""

    form: Form | None = None  # None where nothing came of it, or comments only
    report: str | None = None  # Markdown for people: the answer, the document, or the evidence
    remarks: tuple[Remark, ...] = ()  # they stand on lines, and not in the report
    base_sha: str | None = None  # the commit that a change builds on
    parts: Parts = Parts()


def told(*sentences: str, otherwise: str = "") -> Part:
    """Return a part of sentences that are not empty, else why there are none."""
    said = [sentence for sentence in sentences if sentence]
    return Part(measured=bool(said), text=" ".join(said) or otherwise)


def leave_unmeasured(why: str) -> Parts:
    """Return the five parts of what was stopped before any was looked at."""
    return Parts.model_validate(dict.fromkeys(Parts.model_fields, told(otherwise=why)))
