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
    """The part of a task's result that the reporter reads; it may hold more."""

    answered: bool = False  # the task has said itself how it ended
    report: str | None = None  # Markdown of the final comment, where the task words it itself
    check: CheckReport | None = None  # the final check run, likewise


@dataclass(frozen=True)
class Button:
    """A button of a check run, with the ``input`` its task starts with."""

    action: Action
    input: TaskInput


@dataclass(frozen=True)
class Doors:
    """The ways in that a task opens beside those that every task has."""

    command: bool = True
    label: bool = False  # the one named in its rules starts it and, taken away, stops it
    offered: bool = False  # every repository gets that label; else only those whose policy names another
    buttons: tuple[Button, ...] = ()
    rerun: bool = False  # GitHub's own button to run its check again starts it too


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
    """The declaration of one task."""

    name: str  # command, workflow, policy section, prompts' folder, branch's prefix, label of metrics
    summary: str  # a sentence for help, as ``details``
    details: str
    examples: tuple[tuple[str, str], ...]  # what is typed, and what that does
    input: type[I]
    run: Run
    subjects: frozenset[SubjectKind]
    stages: Mapping[Any, str]  # the members that steps report, with their titles, in order
    request: type[Request[Any]]  # the workflow's argument
    writes: Writes = Writes.COMMENTS
    shown: Shown = Shown.COMMENT
    rules: type[TaskRules] = TaskRules
    result: type[TaskResult] = TaskResult
    doors: Doors = Doors()
    needs_open: bool = False
    exclusive: bool = True  # one at a time for an issue or pull request
    opens: bool = False  # a policy may let readers start it
    check: str | None = None  # name of the check run, where it is shown by one
    unverified: str = "Stopped before everything was done."  # heads the status of a run that ended without proof
    objection: Objection | None = None  # may refuse a request
    forward: Callable[[Any], Forward | None] | None = None  # may hand it over to another task
    acknowledge: Acknowledge | None = None  # in place of the eyes
    outlets: frozenset[Outlet] = frozenset({"github"})  # where what comes of it can go
    own_place: bool = False  # asked of a repository as a whole, it may still open a pull request
    report: str | None = None  # the input's field that says what an issue would, where there is none

    @property
    def command_rule(self) -> CommandRule:
        """Return the permission needed to start the task."""
        return CommandRule(level="write", opens=self.opens, text=self.input.text_field() is not None)

    @property
    def quick(self) -> bool:
        """Return True for what answers, or shows nothing: it waits for like."""
        return self.shown in {Shown.REPLY, Shown.RESULT} and self.writes is not Writes.BRANCH

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
