"""A change at work: an assignment that ends in a branch, and the capability that asked for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.change.records import ChangeTask, Evidence
from bot.work.assignment import Assignment

_BRANCH = re.compile(r"forgehand/[a-z]+-\d+-([0-9a-f]+)")


def branch_name(flow: str, number: int, task_id: str) -> str:
    """The branch of a task for an issue; with an empty task, how those of all such tasks begin."""
    return f"forgehand/{flow}-{number}-{task_id}"


def task_of(branch: str) -> str | None:
    """The task whose branch has this name; None where it is no name of ours. Anybody may name a branch so."""
    found = _BRANCH.fullmatch(branch)
    return found[1] if found else None


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


@dataclass(frozen=True)
class Job(Assignment[ChangeTask]):
    """One task that changes code."""

    capability: Capability

    @property
    def branch(self) -> str:
        return branch_name(self.capability.flow, self.task.number, self.task_id)
