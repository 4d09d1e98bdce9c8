"""Read workflow runs and their jobs, and run them again."""

from __future__ import annotations

from typing import Any

from bot.github.api.access import Permissions
from bot.github.api.client import Client, within
from bot.github.api.transport import REPEATABLE
from bot.types import JsonModel, Repository

READ_RUNS: Permissions = {"actions": "read", "metadata": "read"}
RERUN: Permissions = {"actions": "write", "metadata": "read"}
BAD = frozenset({"failure", "timed_out", "startup_failure"})
_RUN = "/repos/{owner}/{repo}/actions/runs/{id}"
_PAGE = 50


class JobStep(JsonModel):
    """A step of a job as the API tells it; numbers have gaps."""

    name: str
    number: int
    conclusion: str


class WorkflowJob(JsonModel):
    """A job of one attempt of a run; its check run has the same id."""

    id: int
    run: int
    attempt: int
    name: str
    conclusion: str
    steps: tuple[JobStep, ...] = ()

    @property
    def failed_step(self) -> JobStep | None:
        """Return the first failed step; None where the job died outside."""
        return next((step for step in self.steps if step.conclusion in BAD), None)


class WorkflowRun(JsonModel):
    """A run of a workflow file at a commit."""

    id: int
    path: str
    event: str
    head_branch: str
    head_sha: str
    own: bool  # the head is in this repository, not in a fork with a branch of the same name
    status: str
    conclusion: str
    attempt: int


async def list_runs(
    client: Client, repository: Repository, *, branch: str = "", sha: str = "", status: str = ""
) -> tuple[WorkflowRun, ...]:
    """Return the newest runs, one page at most, by one call."""
    url = "/repos/{owner}/{repo}/actions/runs{?branch,head_sha,status,per_page}"
    wanted = {"branch": branch, "head_sha": sha, "status": status}
    given = {name: value for name, value in wanted.items() if value}
    data = await client.get(url, within(repository, per_page=_PAGE, **given))
    return tuple(_run(item, repository) for item in data["workflow_runs"])


async def get_run(client: Client, repository: Repository, run: int) -> WorkflowRun:
    """Return a run as it is now."""
    return _run(await client.get(_RUN, within(repository, id=run)), repository)


async def list_jobs(client: Client, repository: Repository, run: int) -> tuple[WorkflowJob, ...]:
    """Return the jobs of a run's newest attempt; a matrix may have 256."""
    found = client.items(f"{_RUN}/jobs{{?per_page}}", within(repository, id=run, per_page=100), key="jobs")
    return tuple([_job(item) async for item in found])


async def get_job(client: Client, repository: Repository, job: int) -> WorkflowJob:
    """Return a job with its steps, by the id of its check run."""
    return _job(await client.get("/repos/{owner}/{repo}/actions/jobs/{id}", within(repository, id=job)))


async def rerun_failed_jobs(client: Client, repository: Repository, run: int) -> None:
    """Run what failed again: thirty days long, fifty times at most.

    Sent twice it is refused the second time, as the run is under way then.
    """
    await client.post(f"{_RUN}/rerun-failed-jobs", within(repository, id=run), options=REPEATABLE)


def _run(item: Any, repository: Repository) -> WorkflowRun:
    return WorkflowRun(
        id=item["id"],
        path=str(item.get("path") or "").partition("@")[0],
        event=str(item.get("event") or ""),
        head_branch=str(item.get("head_branch") or ""),
        head_sha=str(item.get("head_sha") or ""),
        own=(item.get("head_repository") or {}).get("id") == repository.id,
        status=str(item.get("status") or ""),
        conclusion=str(item.get("conclusion") or ""),
        attempt=int(item.get("run_attempt") or 1),
    )


def _job(item: Any) -> WorkflowJob:
    steps = tuple(
        JobStep(
            name=str(step.get("name") or ""),
            number=int(step.get("number") or 0),
            conclusion=str(step.get("conclusion") or ""),
        )
        for step in item.get("steps") or []
    )
    return WorkflowJob(
        id=item["id"],
        run=int(item.get("run_id") or 0),
        attempt=int(item.get("run_attempt") or 1),
        name=str(item.get("name") or ""),
        conclusion=str(item.get("conclusion") or ""),
        steps=steps,
    )
