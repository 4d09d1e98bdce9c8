"""Keep runs of GitHub Actions: what starts, makes and breaks them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simhub.model.accounts import Account
from simhub.model.checks import CheckSuite

if TYPE_CHECKING:
    from simhub.model.repositories import Repository


@dataclass(eq=False)
class WorkflowJob:
    """A job of one attempt of a run. Its check run has the same id."""

    id: int
    run: WorkflowRun
    name: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    log: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    attempt: int = 1


@dataclass(eq=False)
class Artifact:
    """What a run uploaded: a zip, which ends long before the run does."""

    id: int
    name: str
    content: bytes
    created_at: datetime
    expired: bool = False


@dataclass(eq=False)
class WorkflowRun:
    id: int
    repository: Repository
    name: str
    path: str
    event: str
    head_branch: str | None
    head_sha: str
    head_repository: Repository
    actor: Account
    suite: CheckSuite
    created_at: datetime
    updated_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    attempt: int = 1
    number: int = 1
    workflow_id: int = 0
    jobs: list[WorkflowJob] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    past: list[WorkflowJob] = field(default_factory=list)  # jobs of earlier attempts that ran again
    started_at: datetime | None = None  # of this attempt; None in the first one

    def job(self, number: str) -> WorkflowJob | None:
        """Return a job of any attempt by its id."""
        return next((job for job in [*self.jobs, *self.past] if str(job.id) == number), None)


@dataclass(frozen=True)
class Trigger:
    """What may start workflows: a push to a branch, or a pull request that has another head."""

    event: str
    repository: Repository
    head_repository: Repository
    branch: str
    sha: str
    actor: Account


@dataclass
class Outage:
    """A fault of the machine that runs the next jobs of a name: it shows ``log`` and ends in this step."""

    job: str
    log: str
    step: str = "Set up job"
    times: int = 1
    conclusion: str = "failure"


@dataclass(frozen=True)
class Dispatch:
    """A call of ``workflow_dispatch`` with its inputs."""

    run: WorkflowRun
    inputs: dict[str, Any]
