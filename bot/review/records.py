"""What a review's steps hand on: small frozen values that are stored as JSON and rendered into reports."""

from __future__ import annotations

from typing import Literal, get_args

from bot.types import JsonModel, Target

Severity = Literal["blocker", "bug", "risk", "nit"]
Concern = Literal["correctness", "security", "performance", "tests", "docs"]
Trigger = Literal["opened", "push", "asked", "again"]

SEVERITIES: dict[Severity, str] = {
    "blocker": "loses data, opens a hole or fails for everybody: must not be merged",
    "bug": "gives a wrong result or fails for an input that can occur",
    "risk": "holds today, but fails under a condition that is likely to come, or leaves what matters untested",
    "nit": "nothing fails; it reads or documents worse than what is around it",
}
CONCERNS: tuple[Concern, ...] = get_args(Concern)


class ReviewTask(Target):
    """What is to be reviewed, and why. ``actor`` is who triggered it.

    ``head_sha`` is the head that the delivery named, None where it named none (a command). ``full`` reads everything
    again, also what an earlier review has read.
    """

    head_sha: str | None = None
    trigger: Trigger
    full: bool = False


class Finding(JsonModel):
    """One thing that is wrong with the change.

    ``quote`` is code of the file, as it stands at the head (at the merge base where ``removed``); ``line`` the number
    that was claimed for its first line, which may be wrong. ``failing_input`` is what makes it fail. ``suggestion`` is
    the text that would replace the quote. ``source`` is ``model`` or ``<tool>:<rule>``, ``symbol`` the enclosing
    definition's qualified name, "" where there is none.
    """

    path: str
    quote: str
    line: int | None = None
    removed: bool = False
    severity: Severity
    concern: Concern
    title: str
    claim: str
    failing_input: str = ""
    suggestion: str | None = None
    source: str = "model"
    symbol: str = ""
