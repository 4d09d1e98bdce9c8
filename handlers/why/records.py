"""Define what the steps of a diagnosis pass on, stored as JSON."""

from __future__ import annotations

from pydantic import Field

from bot.suspects import Suspect
from bot.types import JsonModel
from bot.work.origin import TaskInput


class WhyInput(TaskInput):
    """Input of a diagnosis."""

    text: str = Field(default="", title="question", description="what to go deeper into; it costs one call of a model")


class TracedFrame(JsonModel):
    """A frame of a stack trace, the innermost first."""

    path: str
    function: str = ""
    line: int | None = None
    own: bool = True


class FailedJob(JsonModel):
    """A failing check and what its log says; nothing of it is a secret."""

    id: int
    name: str
    conclusion: str
    said: str = ""  # title, summary and annotations of the check run
    step: str = ""
    tests: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    cause: str = ""  # equal in all runs with this cause; "" where the log tells none
    lines: str = ""  # the excerpt
    frames: tuple[TracedFrame, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    note: str = ""  # why there is no log


class RedCommit(JsonModel):
    """Commit in question, with its failing jobs or an issue's trace."""

    nonce: str
    sha: str = ""
    branch: str = ""
    base_branch: str = ""
    number: int | None = None
    jobs: tuple[FailedJob, ...] = ()
    trace: tuple[TracedFrame, ...] = ()
    errors: tuple[str, ...] = ()  # of that text
    stop: str = ""  # why nothing can be said


class Diagnosis(JsonModel):
    """Findings of git and of the checks' history, beside the jobs."""

    places: tuple[str, ...] = ()
    good: str = ""  # the last commit whose checks of those names passed
    bad: str = ""  # the first one after it that failed, for the same cause where logs tell it
    other: str = ""  # the last one before ``bad`` that failed too, but for another cause
    between: int = 0
    checked: int = 0  # commits whose checks were read
    suspects: tuple[Suspect, ...] = ()
    by_range: bool = False
    changed: tuple[str, ...] = ()  # settings and lock files that differ from the last green commit
    versions: tuple[str, ...] = ()  # of tools that differ from the last green run
    deeper: str = ""
    problem: str | None = None
