"""Define the parts of GitHub's events that we read, and clean their texts, which strangers wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.signals.records import Link
from bot.types import JsonModel


class Step(JsonModel):
    """A step of a job."""

    name: str = ""
    conclusion: str | None = None


class App(JsonModel):
    """The App that made a check."""

    slug: str | None = None


class Job(JsonModel):
    """One job of a workflow run."""

    id: int
    run_id: int = 0
    run_attempt: int = 1
    name: str
    workflow_name: str | None = None
    head_branch: str | None
    head_sha: str
    conclusion: str | None
    completed_at: datetime | None = None
    html_url: str | None = None
    steps: tuple[Step, ...] = ()


class HeadRepository(JsonModel):
    """The repository that a run's branch is in."""

    id: int


class Run(JsonModel):
    """One run of a workflow."""

    id: int
    run_attempt: int = 1
    name: str | None = None
    path: str | None = None
    head_branch: str | None
    head_sha: str
    head_repository: HeadRepository | None = None
    conclusion: str | None
    updated_at: datetime | None = None
    html_url: str | None = None


class Suite(JsonModel):
    """All checks of an App on a commit."""

    id: int
    head_branch: str | None = None
    head_sha: str = ""
    app: App | None = None
    conclusion: str | None = None
    latest_check_runs_count: int = 1
    updated_at: datetime | None = None


class Check(JsonModel):
    """One check on a commit."""

    id: int
    name: str
    head_sha: str
    conclusion: str | None
    completed_at: datetime | None = None
    html_url: str | None = None
    app: App | None = None
    check_suite: Suite


class Commit(JsonModel):
    """A commit by its sha."""

    sha: str


class Branch(JsonModel):
    """A branch and its newest commit."""

    name: str
    commit: Commit


class Status(JsonModel):
    """A status of a commit."""

    id: int
    sha: str
    context: str
    state: str
    description: str | None = None
    target_url: str | None = None
    branches: tuple[Branch, ...] = ()
    updated_at: datetime | None = None


class DeploymentState(JsonModel):
    """News about a deployment."""

    id: int
    state: str
    environment: str | None = None
    description: str | None = None
    log_url: str | None = None
    updated_at: datetime | None = None


class Deployment(JsonModel):
    """A deployment of a commit to an environment."""

    id: int
    sha: str
    ref: str
    environment: str
    production_environment: bool = False


class Group(JsonModel):
    """A group of a merge queue; refs are whole ones."""

    head_sha: str
    base_sha: str
    base_ref: str


class Alert(JsonModel):
    """A security alert."""

    number: int
    html_url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


def make_links(title: str, url: str | None) -> tuple[Link, ...]:
    """Return a link, if the address is one that can be shown."""
    return (Link(title=title, url=url),) if url and len(url) <= 1_000 and url.isprintable() else ()


def clean_line(text: str, most: int = 200) -> str:
    """Return a text as one printable line of limited length."""
    cut = text[: 2 * most].encode("utf-8", "replace").decode()
    return " ".join("".join(char if char.isprintable() else " " for char in cut).split())[:most].strip()


def read_part(data: Any, name: str) -> Mapping[str, Any]:
    """Return the object of this name, or an empty one."""
    found = data.get(name) if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def read_moment(value: datetime | None, otherwise: int) -> int:
    """Return a moment in ms since the epoch."""
    return otherwise if value is None else int(value.timestamp() * 1000)
