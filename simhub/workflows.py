"""Workflow runs of GitHub Actions: made by hand, with jobs, logs, check runs and the webhooks of a real run."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simhub import auth, checkevents, pull_shapes, shapes
from simhub.model import (
    Account,
    App,
    Artifact,
    CheckRun,
    CheckSuite,
    Installation,
    Repository,
    WorkflowJob,
    WorkflowRun,
    iso,
    node_id,
)
from simhub.state import State

Json = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A finished job to be: ``steps`` are (name, conclusion) pairs, ``log`` its text."""

    name: str
    conclusion: str = "success"
    log: str = ""
    steps: tuple[tuple[str, str], ...] = ()


def actions_app(hub: State) -> App:
    """GitHub's own App: its check runs are what workflow jobs look like elsewhere."""
    if hub.world.actions is None:
        owner = hub.world.account("github") or hub.create_user("github", "Organization")
        hub.world.actions = App(
            15368, "github-actions", "GitHub Actions", owner, hub.create_user("github-actions[bot]", "Bot"), "", "",
            "Iv1.github-actions", "", hub.world.now(), permissions={"checks": "write", "actions": "write"},
        )  # fmt: skip
    return hub.world.actions


def job_token(hub: State, repo: Repository, permissions: Mapping[str, str]) -> str:
    """Return the token of a job (``GITHUB_TOKEN``): one of GitHub's own App, for its repository only."""
    app = actions_app(hub)
    now = hub.world.now()
    only = [repo]
    installation = Installation(
        hub.world.new_id(), app, repo.owner, dict(permissions), [], now, now, repositories=only
    )  # fmt: skip
    return auth.mint(hub.world, installation, dict(permissions), only).value


async def finish_run(hub: State, run: WorkflowRun, jobs: Sequence[Job], conclusion: str | None = None) -> None:
    """Play a run to its end: jobs, their check runs, conclusion, and all webhooks.

    ``conclusion`` is for what no job shows: ``startup_failure`` of a broken file (without jobs), ``timed_out``.
    """
    await begin_run(hub, run)
    for spec in jobs:
        job = _queued(run, spec.name) or await queue_job(hub, run, spec.name)
        await begin_job(hub, job)
        steps = [step_shape(hub, job, number, *step) for number, step in enumerate(spec.steps, 1)]
        await end_job(hub, job, spec.conclusion, spec.log, steps)
    for job in run.jobs:
        if job.status != "completed":
            await end_job(hub, job, "cancelled", "", [])
    await end_run(hub, run, conclusion)


def _queued(run: WorkflowRun, name: str) -> WorkflowJob | None:
    return next((job for job in run.jobs if job.name == name and job.status != "completed"), None)


async def begin_run(hub: State, run: WorkflowRun) -> None:
    run.status = "in_progress"
    run.updated_at = hub.world.now()
    await emit_run(hub, run, "in_progress", run.actor)


async def queue_job(hub: State, run: WorkflowRun, name: str) -> WorkflowJob:
    """Add a job to this attempt, and its check run, which has its id."""
    now = hub.world.now()
    job = WorkflowJob(hub.world.new_id(), run, name, "queued", None, now, None, "", attempt=run.attempt)
    run.jobs.append(job)
    check = CheckRun(job.id, run.suite, name, "queued", now, details_url=job_shape(hub, job)["html_url"])
    run.suite.runs.append(check)
    await checkevents.emit(hub, check, "created", run.actor)
    _emit_job(hub, job, "queued")
    return job


async def begin_job(hub: State, job: WorkflowJob) -> None:
    job.status = "in_progress"
    job.started_at = hub.world.now()
    _check_run(job).status = "in_progress"
    _emit_job(hub, job, "in_progress")


async def end_job(hub: State, job: WorkflowJob, conclusion: str, log: str, steps: list[Json]) -> None:
    """End a job and its check run, and tell of both."""
    job.status, job.conclusion, job.log, job.steps = "completed", conclusion, log, steps
    job.completed_at = hub.world.now()
    check = _check_run(job)
    check.status, check.conclusion, check.completed_at = "completed", conclusion, job.completed_at
    check.started_at = job.started_at
    _emit_job(hub, job, "completed")
    await checkevents.emit(hub, check, "completed", job.run.actor)


async def end_run(hub: State, run: WorkflowRun, conclusion: str | None = None) -> None:
    """End a run as its jobs ended, and its check suite with it."""
    bad = [str(job.conclusion) for job in run.jobs if job.conclusion not in ("success", "skipped", "neutral")]
    run.status = "completed"
    run.conclusion = conclusion or (bad[0] if bad else "success")
    run.updated_at = run.suite.updated_at = hub.world.now()
    await checkevents.suite_completed(hub, run.suite, run.actor)
    await emit_run(hub, run, "completed", run.actor)


def _check_run(job: WorkflowJob) -> CheckRun:
    """Return the check run of a job: both have the same id."""
    return next(check for check in job.run.suite.runs if check.id == job.id)


def _emit_job(hub: State, job: WorkflowJob, action: str) -> None:
    payload = {"action": action, "workflow_job": job_shape(hub, job)}
    hub.webhooks.emit("workflow_job", payload, job.run.repository, job.run.actor)


async def restart(hub: State, run: WorkflowRun, *, failed_only: bool = False) -> None:
    """Make another attempt.

    With ``failed_only``, jobs that passed stay as they are; all others are queued again.
    """
    again = [job for job in run.jobs if not failed_only or job.conclusion not in ("success", "neutral")]
    run.attempt += 1
    run.status, run.conclusion = "queued", None
    run.updated_at = run.started_at = hub.world.now()
    run.past += again
    run.jobs = [job for job in run.jobs if job not in again]
    await emit_run(hub, run, "requested", run.actor)
    for job in again:
        await queue_job(hub, run, job.name)


def step_shape(hub: State, job: WorkflowJob, number: int, name: str, conclusion: str) -> Json:
    """Return a step as the API shows it: times have whole seconds, numbers may have gaps.

    Steps take no time here, and a job's log is stamped from its start: so each step began with its job.
    """
    times = {"started_at": iso(job.started_at), "completed_at": iso(hub.world.now())}
    return {"name": name, "status": "completed", "conclusion": conclusion, "number": number, **times}


async def emit_run(hub: State, run: WorkflowRun, action: str, sender: Account) -> None:
    payload = {"action": action, "workflow_run": await run_shape(hub, run), "workflow": workflow_shape(hub, run)}
    hub.webhooks.emit("workflow_run", payload, run.repository, sender)


def workflow_shape(hub: State, run: WorkflowRun) -> Json:
    base = shapes.repo_url(hub, run.repository)
    page = shapes.html_url(hub, run.repository)
    file = run.path.rsplit("/", 1)[-1]
    return {
        "id": run.workflow_id,
        "node_id": node_id("W", run.workflow_id),
        "name": run.name,
        "path": run.path,
        "state": "active",
        "created_at": iso(run.created_at),
        "updated_at": iso(run.updated_at),
        "url": f"{base}/actions/workflows/{run.workflow_id}",
        "html_url": f"{page}/blob/{run.repository.default_branch}/{run.path}",
        "badge_url": f"{page}/actions/workflows/{file}/badge.svg",
    }


def _urls(base: str, run: WorkflowRun) -> Json:
    url = f"{base}/actions/runs/{run.id}"
    tails = ("jobs", "logs", "artifacts", "cancel", "rerun")
    previous = f"{url}/attempts/{run.attempt - 1}" if run.attempt > 1 else None
    return {"url": url, **{f"{tail}_url": f"{url}/{tail}" for tail in tails}} | {
        "check_suite_url": f"{base}/check-suites/{run.suite.id}",
        "workflow_url": f"{base}/actions/workflows/{run.workflow_id}",
        "previous_attempt_url": previous,
    }


def _moments(run: WorkflowRun) -> Json:
    began = iso(run.started_at or run.created_at)
    return {"created_at": iso(run.created_at), "updated_at": iso(run.updated_at), "run_started_at": began}


async def run_shape(hub: State, run: WorkflowRun) -> Json:
    """Render a workflow run.

    ``pull_requests`` is empty for heads in forks, as GitHub sends it.
    """
    repo = run.repository
    actor = shapes.user(hub, run.actor)
    commit = await pull_shapes.simple_commit(run.head_repository, run.head_sha)
    same = run.head_repository is repo
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("WFR", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.path,
        "display_title": commit["message"].splitlines()[0],
        "run_number": run.number,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow_id,
        "check_suite_id": run.suite.id,
        "check_suite_node_id": node_id("CS", run.suite.id),
        "html_url": f"{shapes.html_url(hub, repo)}/actions/runs/{run.id}",
        "pull_requests": pull_shapes.pulls_of_head(hub, repo, run.head_sha) if same else [],
        **_moments(run),
        "run_attempt": run.attempt,
        "referenced_workflows": [],
        "actor": actor,
        "triggering_actor": actor,
        "head_commit": commit,
        "repository": shapes.repository(hub, repo),
        "head_repository": shapes.repository(hub, run.head_repository),
        **_urls(shapes.repo_url(hub, repo), run),
    }


def job_shape(hub: State, job: WorkflowJob) -> Json:
    run = job.run
    base = shapes.repo_url(hub, job.run.repository)
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"{base}/actions/runs/{run.id}",
        "run_attempt": job.attempt,
        "node_id": node_id("CR", job.id),
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "url": f"{base}/actions/jobs/{job.id}",
        "html_url": f"{shapes.html_url(hub, run.repository)}/actions/runs/{run.id}/job/{job.id}",
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": iso(job.started_at),
        "started_at": iso(job.started_at),
        "completed_at": iso(job.completed_at),
        "name": job.name,
        "steps": job.steps,
        "check_run_url": f"{base}/check-runs/{job.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "GitHub Actions 1",
        "runner_group_id": 1,
        "runner_group_name": "GitHub Actions",
        "workflow_name": run.name,
    }


def upload(hub: State, run: WorkflowRun, name: str, files: Mapping[str, bytes]) -> Artifact:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    artifact = Artifact(hub.world.new_id(), name, buffer.getvalue(), hub.world.now())
    run.artifacts = [*(one for one in run.artifacts if one.name != name), artifact]
    return artifact


def artifact_shape(hub: State, run: WorkflowRun, artifact: Artifact) -> Json:
    url = f"{shapes.repo_url(hub, run.repository)}/actions/artifacts/{artifact.id}"
    made = iso(artifact.created_at)
    return {
        "id": artifact.id,
        "node_id": node_id("ART", artifact.id),
        "name": artifact.name,
        "size_in_bytes": len(artifact.content),
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": artifact.expired,
        "created_at": made,
        "updated_at": made,
        "expires_at": iso(artifact.created_at + timedelta(days=90)),
        "digest": f"sha256:{hashlib.sha256(artifact.content).hexdigest()}",
        "workflow_run": {
            "id": run.id,
            "repository_id": run.repository.id,
            "head_repository_id": run.head_repository.id,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        },
    }


def new_run(
    hub: State, repo: Repository, head_sha: str, branch: str | None, event: str, name: str, path: str,
    head_repository: Repository | None, actor: Account,
) -> WorkflowRun:  # fmt: skip
    now = hub.world.now()
    known = [run for run in repo.workflow_runs if run.path == path]
    own_branch = branch if head_repository in (None, repo) else None
    suite = CheckSuite(hub.world.new_id(), repo, actions_app(hub), head_sha, own_branch, now, now)
    repo.suites.append(suite)
    run = WorkflowRun(
        hub.world.new_id(), repo, name, path, event, branch, head_sha, head_repository or repo, actor, suite, now, now,
        number=len(known) + 1, workflow_id=known[0].workflow_id if known else hub.world.new_id(),
    )  # fmt: skip
    repo.workflow_runs.append(run)
    return run
