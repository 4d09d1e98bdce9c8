"""Declare a task for doors, engine, policy, manual and status.

A capability is a folder in ``handlers/`` with a :class:`TaskSpec`, found by looking there. It becomes a command, a
label, a policy section, a workflow, a row of the manual and a status comment. Nothing is declared twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from bot.engine.port import Ctx, Outcome
from bot.github.resources.checks import Action, CheckReport
from bot.policy import CommandRule, TaskRules
from bot.types import JsonModel
from bot.work.origin import Outlet, Request, SubjectKind, TaskInput
from bot.work.services import Services

I = TypeVar("I", bound=TaskInput)  # noqa: E741 - the input of a task
Run = Callable[[Ctx, Services, Any], Awaitable[Outcome]]


class Writes(StrEnum):
    """The target a task writes to; those of one branch run in turn."""

    NOTHING = "nothing"
    COMMENTS = "comments"
    BRANCH = "branch"


class Shown(StrEnum):
    """The place where a task shows its progress.

    ``COMMENT``: one status comment, edited. ``CHECK``: a check run, and one comment at the end. ``REPLY``: an answer
    where it was asked, nothing before. ``RESULT``: only in the task's row.
    """

    COMMENT = "comment"
    CHECK = "check"
    REPLY = "reply"
    RESULT = "result"


class TaskResult(JsonModel):
    """The part of a finished task's result that the progress reporter reads.

    A task's own result may hold more. ``answered``: the task has said itself how it ended. ``report`` is the Markdown
    of the final comment and ``check`` the final check run, where the task words them itself.
    """

    answered: bool = False
    report: str | None = None
    check: CheckReport | None = None


@dataclass(frozen=True)
class Button:
    """A button of a check run, with the ``input`` its task starts with."""

    action: Action
    input: TaskInput


@dataclass(frozen=True)
class Doors:
    """The ways in that a task opens beside those that every task has.

    ``label``: the label named by ``label`` in its rules starts it and, taken away, stops it. ``rerun``: so does
    GitHub's own button to run its check again.
    """

    command: bool = True
    label: bool = False
    buttons: tuple[Button, ...] = ()
    rerun: bool = False


class Forward(NamedTuple):
    """Another task that does the work, with its rewritten request."""

    spec: TaskSpec[Any]
    request: Request[Any]


Objection = Callable[[Services, Any], Awaitable[str | None]]
"""Say why a request makes no sense for a task, in a sentence for people; None where it does."""
Acknowledge = Callable[[Services, Any, str, bool], Awaitable[None]]
"""Give the first sign of a task: services, request, task id, whether nobody can have given it before."""


@dataclass(frozen=True)
class TaskSpec(Generic[I]):
    """The declaration of one task.

    ``name`` is the command, the workflow, the policy section, the prompts' folder, the branch's prefix and the label
    of metrics. ``summary`` and ``details`` are sentences for help, ``examples`` pairs of what is typed and what that
    does. ``stages`` maps the members that steps report to their titles, in order. ``request`` is the workflow's
    argument. ``exclusive``: one at a time for an issue or pull request. ``opens``: a policy may let readers start it.
    ``check`` names the check run of a task that is shown by one. ``unverified`` heads the status of a run that ended
    without proof. ``objection`` may refuse a request, ``forward`` may hand it over to another task. ``acknowledge``
    replaces the eyes. ``outlets`` are where what comes of it can go. ``report`` is the field of the input that says
    what an issue would, where there is none.
    """

    name: str
    summary: str
    details: str
    examples: tuple[tuple[str, str], ...]
    input: type[I]
    run: Run
    subjects: frozenset[SubjectKind]
    stages: Mapping[Any, str]
    request: type[Request[Any]]
    writes: Writes = Writes.COMMENTS
    shown: Shown = Shown.COMMENT
    rules: type[TaskRules] = TaskRules
    result: type[TaskResult] = TaskResult
    doors: Doors = Doors()
    needs_open: bool = False
    exclusive: bool = True
    opens: bool = False
    check: str | None = None
    unverified: str = "Stopped before everything was done."
    objection: Objection | None = None
    forward: Callable[[Any], Forward | None] | None = None
    acknowledge: Acknowledge | None = None
    outlets: frozenset[Outlet] = frozenset({"github"})
    report: str | None = None

    @property
    def command_rule(self) -> CommandRule:
        """Return the permission needed to start the task."""
        return CommandRule(level="write", opens=self.opens, text=self.input.text_field() is not None)

    @property
    def again(self) -> str:
        """Return the sentence that says how to start the task again."""
        if self.doors.label:
            return "Add the label again or comment `/retry` to start a new attempt."
        if self.doors.rerun:
            return f"Comment `/{self.name}` or use the check run's button to start a new attempt."
        return "Comment `/retry` to start a new attempt."

    @property
    def stop(self) -> str:
        """Return the sentence that says how to stop the task."""
        return "Remove the label or comment `/cancel` to stop." if self.doors.label else "Comment `/cancel` to stop."
