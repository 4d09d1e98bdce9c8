"""Actions: workflow runs, their jobs and artifacts, and logs behind a redirect that soon ends."""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from simhub import runner, workflows
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_found
from simhub.model import Artifact, WorkflowJob, WorkflowRun

LOG_SECONDS = 60
LOGS_KEPT = 90  # days
RERUNS_FOR = 30  # days
RERUNS = 50  # of one run, since April 2026
_RUN = "/repos/{owner}/{repo}/actions/runs/{id}"
_ARTIFACT = "/repos/{owner}/{repo}/actions/artifacts/{id}"
_JOB = "/repos/{owner}/{repo}/actions/jobs/{id}"


def _run(call: Call) -> WorkflowRun:
    found = next((run for run in call.repo.workflow_runs if str(run.id) == call.params["id"]), None)
    if found is None:
        raise not_found()
    return found


def _job(call: Call) -> WorkflowJob:
    for run in call.repo.workflow_runs:
        if (job := run.job(call.params["id"])) is not None:
            return job
    raise not_found()


@routes.add("GET", "/repos/{owner}/{repo}/actions/runs", needs="actions:read")
async def list_runs(call: Call) -> Any:
    return await _listed_runs(call, call.repo.workflow_runs)


@routes.add("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow}/runs", needs="actions:read")
async def list_runs_of_workflow(call: Call) -> Any:
    """List the runs of a workflow, by its id or its file's name."""
    wanted = call.params["workflow"]
    path = f".github/workflows/{wanted}"
    runs = [run for run in call.repo.workflow_runs if wanted == str(run.workflow_id) or run.path == path]
    if not runs and not await call.git.tree(call.repo.default_branch, path=path):
        raise not_found()
    return await _listed_runs(call, runs)


async def _listed_runs(call: Call, of: Sequence[WorkflowRun]) -> Any:
    runs, query = of[::-1], call.query
    for key, name in (("branch", "head_branch"), ("head_sha", "head_sha"), ("event", "event")):
        if wanted := query.get(key):
            runs = [run for run in runs if getattr(run, name) == wanted]
    if status := query.get("status"):
        runs = [run for run in runs if status in (run.status, run.conclusion)]
    shown = [await workflows.run_shape(call.hub, run) for run in call.page(runs)]
    return {"total_count": len(runs), "workflow_runs": shown}


@routes.add("GET", _RUN, needs="actions:read")
async def get_run(call: Call) -> Any:
    return await workflows.run_shape(call.hub, _run(call))


@routes.add("GET", f"{_RUN}/jobs", needs="actions:read")
async def list_jobs(call: Call) -> Any:
    """List the jobs of the newest attempt, or of all with ``filter=all``."""
    run = _run(call)
    return _listed(call, [*run.past, *run.jobs] if call.query.get("filter") == "all" else run.jobs)


@routes.add("GET", f"{_RUN}/attempts/{{attempt}}/jobs", needs="actions:read")
async def list_jobs_of_attempt(call: Call) -> Any:
    run = _run(call)
    wanted = call.params["attempt"]
    if not wanted.isdigit() or not 1 <= int(wanted) <= run.attempt:
        raise not_found()
    jobs = sorted([*run.past, *run.jobs], key=lambda job: job.id)
    newest = {job.name: job for job in jobs if job.attempt <= int(wanted)}
    return _listed(call, list(newest.values()))


def _listed(call: Call, jobs: Sequence[WorkflowJob]) -> Any:
    return {"total_count": len(jobs), "jobs": [workflows.job_shape(call.hub, job) for job in call.page(jobs)]}


@routes.add("GET", "/repos/{owner}/{repo}/actions/workflows", needs="actions:read")
async def list_workflows(call: Call) -> Any:
    newest = {run.path: run for run in call.repo.workflow_runs}
    shown = [workflows.workflow_shape(call.hub, run) for run in call.page(list(newest.values()))]
    return {"total_count": len(newest), "workflows": shown}


@routes.add("GET", _JOB, needs="actions:read")
async def get_job(call: Call) -> Any:
    return workflows.job_shape(call.hub, _job(call))


@routes.add("GET", f"{_JOB}/logs", needs="actions:read")
async def job_logs(call: Call) -> Any:
    """Redirect to a job's log; storage has none of one that runs, or was cancelled or skipped."""
    job = _job(call)
    _check_age(call, job.run, LOGS_KEPT, ApiError(410, "Server Error: the logs of this run have expired"))
    has_log = job.status == "completed" and job.conclusion not in ("cancelled", "skipped")
    return _redirect(call, job.log.encode() if has_log else None, "text/plain")


@routes.add("GET", f"{_RUN}/logs", needs="actions:read")
async def run_logs(call: Call) -> Any:
    """Return a zip with a text file per job."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, job in enumerate(_run(call).jobs):
            archive.writestr(f"{number}_{job.name}.txt", job.log)
    return _redirect(call, buffer.getvalue(), "application/zip")


def _artifacts(call: Call, runs: list[WorkflowRun]) -> Any:
    found = [(run, one) for run in runs for one in run.artifacts]
    found.sort(key=lambda pair: pair[1].id, reverse=True)
    if name := call.query.get("name"):
        found = [(run, one) for run, one in found if one.name == name]
    shown = [workflows.artifact_shape(call.hub, run, one) for run, one in call.page(found)]
    return {"total_count": len(found), "artifacts": shown}


@routes.add("GET", "/repos/{owner}/{repo}/actions/artifacts", needs="actions:read")
async def list_artifacts(call: Call) -> Any:
    return _artifacts(call, call.repo.workflow_runs)


@routes.add("GET", f"{_RUN}/artifacts", needs="actions:read")
async def list_run_artifacts(call: Call) -> Any:
    return _artifacts(call, [_run(call)])


def _artifact(call: Call) -> tuple[WorkflowRun, Artifact]:
    for run in call.repo.workflow_runs:
        for one in run.artifacts:
            if str(one.id) == call.params["id"]:
                return run, one
    raise not_found()


@routes.add("GET", _ARTIFACT, needs="actions:read")
async def get_artifact(call: Call) -> Any:
    return workflows.artifact_shape(call.hub, *_artifact(call))


@routes.add("GET", f"{_ARTIFACT}/{{format}}", needs="actions:read")
async def download_artifact(call: Call) -> Any:
    """Redirect to the zip, the only format that there is; 410 once it has expired."""
    _, artifact = _artifact(call)
    if call.params["format"] != "zip":
        raise not_found()
    if artifact.expired:
        raise ApiError(410, "Artifact has expired")
    return _redirect(call, artifact.content, "application/zip")


def _redirect(call: Call, content: bytes | None, kind: str) -> Answer:
    """302 to an address that holds the secret itself, ends after a minute and refuses Authorization headers."""
    key = secrets.token_urlsafe(24)
    call.hub.downloads[key] = (call.hub.world.clock() + LOG_SECONDS, content, kind)
    return Answer(None, 302, {"Location": f"{call.hub.url}/_downloads/{key}"})


@routes.add("POST", f"{_RUN}/rerun", needs="actions:write")
async def rerun(call: Call) -> Any:
    return await _restart(call, _run(call), failed_only=False)


@routes.add("POST", f"{_RUN}/rerun-failed-jobs", needs="actions:write")
async def rerun_failed_jobs(call: Call) -> Any:
    run = _run(call)
    if run.conclusion == "success":
        raise ApiError(403, "The workflow run cannot be re-run: it has no failed jobs")
    return await _restart(call, run, failed_only=True)


@routes.add("POST", f"{_JOB}/rerun", needs="actions:write")
async def rerun_job(call: Call) -> Any:
    return await _restart(call, _job(call).run, failed_only=True)


async def _restart(call: Call, run: WorkflowRun, failed_only: bool) -> Answer:
    """Run again with the rights of the account that ran it first: a few times, while it is young."""
    if run.status != "completed":
        raise ApiError(403, "This workflow is already running")
    _check_age(call, run, RERUNS_FOR, ApiError(403, "Unable to retry this workflow run because it was created over a "
                                                    "month ago"))  # fmt: skip
    if run.attempt > RERUNS or run.conclusion == "startup_failure":
        raise ApiError(403, "Unable to retry this workflow run")
    await workflows.restart(call.hub, run, failed_only=failed_only)
    if call.repo.runs_workflows:
        runner.replay(call.hub, run)
    return Answer({}, 201)


def _check_age(call: Call, run: WorkflowRun, days: int, error: ApiError) -> None:
    if call.hub.world.now() - run.created_at > timedelta(days=days):
        raise error


@routes.add("POST", f"{_RUN}/cancel", needs="actions:write")
async def cancel(call: Call) -> Any:
    run = _run(call)
    if run.status == "completed":
        raise ApiError(409, "Cannot cancel a workflow run that is completed.")
    run.status, run.conclusion = "completed", "cancelled"
    await workflows.emit_run(call.hub, run, "completed", call.user)
    return Answer({}, 202)
