"""A change at work: an assignment that ends in a branch, and the capability that asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.change.assignment import Assignment
from bot.change.records import ChangeTask, Evidence


@dataclass(frozen=True)
class PullText:
    """Title and body of a pull request."""

    title: str
    body: str


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
        return f"forgehand/{self.capability.flow}-{self.task.number}-{self.task_id}"
