"""Keep issues and what stands on their pages.

A pull request is an issue, too; what only it has stands in ``pulls.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simhub.model.accounts import Account
from simhub.model.apps import App

if TYPE_CHECKING:
    from simhub.model.pulls import Pull
    from simhub.model.repositories import Repository


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(eq=False)
class Reaction:
    id: int
    user: Account
    content: str
    created_at: datetime


@dataclass(eq=False)
class Comment:
    id: int
    issue: Issue
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)
    minimized: str | None = None


@dataclass(eq=False)
class Event:
    """A line of an issue's timeline. ``data`` holds the keys that only this kind of event has."""

    id: int
    event: str
    actor: Account
    created_at: datetime
    app: App | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Issue:
    id: int
    number: int
    repository: Repository
    user: Account
    title: str
    body: str | None
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: Account | None = None
    locked: bool = False
    app: App | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    pull: Pull | None = None
    parent: Issue | None = None
    sub_issues: list[Issue] = field(default_factory=list)
