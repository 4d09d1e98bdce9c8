"""A change at work: an assignment that ends in a branch, and the capability that asked for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.change.records import ChangeTask, Evidence
from bot.change.refusals import Refusal
from bot.work.assignment import Assignment

_BRANCH = re.compile(r".*?(?P<what>[a-z]+-\d+)-(?P<task>[0-9a-f]+)")


def task_of(branch: str) -> str | None:
    """Return the task whose branch has this name, whatever its prefix; None where it is no name of ours.

    Anybody may name a branch so.
    """
    found = _BRANCH.fullmatch(branch)
    return found["task"] if found else None


def is_for(branch: str, flow: str, number: int) -> bool:
    """Tell whether a branch has the name of one of a flow's tasks for an issue."""
    found = _BRANCH.fullmatch(branch)
    return found is not None and found["what"] == f"{flow}-{number}"


@dataclass(frozen=True)
class PullText:
    """Title and body of a pull request: what is ``told`` once, and the ``evidence``, which later revisions renew."""

    title: str
    told: str
    evidence: str

    @property
    def body(self) -> str:
        return f"{self.told}\n\n{self.evidence}"


@dataclass(frozen=True)
class Capability:
    """A capability is a declaration: its name, its prompts, and how its evidence reads on GitHub."""

    flow: str
    prompts: str
    pull: Callable[[Evidence, str], PullText]
    unverified: Callable[[Evidence, str], str]
    final: Callable[[Evidence, str, str], str]
    refused: Callable[[Evidence, Refusal], str]


@dataclass(frozen=True)
class Job(Assignment[ChangeTask]):
    """One task that changes code."""

    capability: Capability

    @property
    def branch(self) -> str:
        return f"{self.policy.publish.prefix}{self.capability.flow}-{self.task.number}-{self.task_id}"
