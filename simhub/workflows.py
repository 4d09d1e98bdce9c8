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


async def finish_run(hub: State, run: WorkflowRun, jobs: Sequence[Job]) -> None:
    """Play a run to its end: jobs, their check runs, conclusion, and all webhooks."""
    now = hub.world.now()
    run.status, run.updated_at = "completed", now
    for spec in jobs:
        steps = [_step(number, name, conclusion, now) for number, (name, conclusion) in enumerate(spec.steps, 1)]
        job = WorkflowJob(
            hub.world.new_id(), run, spec.name, "completed", spec.conclusion, now, now, spec.log, steps
        )  # fmt: skip
        run.jobs.append(job)
    bad = [spec.conclusion for spec in jobs if spec.conclusion not in ("success", "skipped", "neutral")]
    run.conclusion = bad[0] if bad else "success"
    run.suite.updated_at = now
    checks = [_check_run(hub, job) for job in run.jobs]
    run.suite.runs += checks
    for job, check in zip(run.jobs, checks, strict=True):
        await checkevents.emit(hub, check, "created", run.actor)
        payload = {"action": "completed", "workflow_job": job_shape(hub, job)}
        hub.webhooks.emit("workflow_job", payload, run.repository, run.actor)
        await checkevents.emit(hub, check, "completed", run.actor)
    await checkevents.suite_completed(hub, run.suite, run.actor)
    await emit_run(hub, run, "completed", run.actor)


def _check_run(hub: State, job: WorkflowJob) -> CheckRun:
    """Return the check run of a job: both have the same id."""
    return CheckRun(
        job.id, job.run.suite, job.name, job.status, job.started_at, job.conclusion, job.completed_at,
        details_url=job_shape(hub, job)["html_url"],
    )  # fmt: skip


def restart(hub: State, run: WorkflowRun) -> None:
    """Another attempt: the jobs and check runs of the last one are gone."""
    run.attempt += 1
    run.status = "queued"
    run.conclusion = None
    run.jobs = []
    run.updated_at = hub.world.now()
    run.suite.runs.clear()


def _step(number: int, name: str, conclusion: str, now: Any) -> Json:
    times = {"started_at": iso(now), "completed_at": iso(now)}
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
    began = iso(run.created_at)
    changed = iso(run.updated_at)
    return {"created_at": began, "updated_at": changed, "run_started_at": began}


async def run_shape(hub: State, run: WorkflowRun) -> Json:
    """Render a workflow run.

    ``pull_requests`` is empty for heads in forks, as GitHub sends it.
    """
    repo = run.repository
    actor = shapes.user(hub, run.actor)
    commit = await pull_shapes.simple_commit(hub, run.head_repository, run.head_sha)
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
        "run_attempt": run.attempt,
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
