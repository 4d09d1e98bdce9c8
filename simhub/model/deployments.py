"""Keep deployments and the rules that hold them up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simhub.model.accounts import Account
from simhub.model.actions import WorkflowRun
from simhub.model.apps import App

if TYPE_CHECKING:
    from simhub.model.repositories import Repository


@dataclass(eq=False)
class Deployment:
    """A request to deploy a commit; ``run`` is the workflow run that it is part of, if it is."""

    id: int
    repository: Repository
    sha: str
    ref: str
    task: str
    environment: str
    description: str | None
    payload: Any
    creator: Account
    created_at: datetime
    transient: bool = False
    production: bool = False
    app: App | None = None
    run: WorkflowRun | None = None
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass(eq=False)
class DeploymentStatus:
    id: int
    deployment: Deployment
    state: str
    environment: str
    description: str
    target_url: str
    environment_url: str
    creator: Account
    created_at: datetime
    app: App | None = None


@dataclass(eq=False)
class RuleRequest:
    """A deployment that waits for the answer of an App's protection rule."""

    run: WorkflowRun
    app: App
    deployment: Deployment
    state: str | None = None
    comments: list[str] = field(default_factory=list)
