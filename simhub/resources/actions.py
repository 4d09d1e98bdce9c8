"""Actions: workflow runs, their jobs and artifacts, and logs behind a redirect that soon ends."""

from __future__ import annotations

import io
import secrets
import zipfile
from typing import Any

from simhub import workflows
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_found
from simhub.model import Artifact, WorkflowJob, WorkflowRun

LOG_SECONDS = 60
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
        for job in run.jobs:
            if str(job.id) == call.params["id"]:
                return job
    raise not_found()


@routes.add("GET", "/repos/{owner}/{repo}/actions/runs", needs="actions:read")
async def list_runs(call: Call) -> Any:
    runs, query = call.repo.workflow_runs[::-1], call.query
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
    jobs = _run(call).jobs
    return {"total_count": len(jobs), "jobs": [workflows.job_shape(call.hub, job) for job in call.page(jobs)]}


@routes.add("GET", _JOB, needs="actions:read")
async def get_job(call: Call) -> Any:
    return workflows.job_shape(call.hub, _job(call))


@routes.add("GET", f"{_JOB}/logs", needs="actions:read")
async def job_logs(call: Call) -> Any:
    return _redirect(call, _job(call).log.encode(), "text/plain")


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


def _redirect(call: Call, content: bytes, kind: str) -> Answer:
    """302 to an address that holds the secret itself, ends after a minute and refuses Authorization headers."""
    key = secrets.token_urlsafe(24)
    call.hub.downloads[key] = (call.hub.world.clock() + LOG_SECONDS, content, kind)
    return Answer(None, 302, {"Location": f"{call.hub.url}/_downloads/{key}"})


@routes.add("POST", f"{_RUN}/rerun", needs="actions:write")
@routes.add("POST", f"{_RUN}/rerun-failed-jobs", needs="actions:write")
async def rerun(call: Call) -> Any:
    run = _run(call)
    if run.status != "completed":
        raise ApiError(403, "This workflow is already running")
    workflows.restart(call.hub, run)
    await workflows.emit_run(call.hub, run, "requested", call.user)
    return Answer({}, 201)


@routes.add("POST", f"{_JOB}/rerun", needs="actions:write")
async def rerun_job(call: Call) -> Any:
    call.params = {**call.params, "id": str(_job(call).run.id)}
    return await rerun(call)


@routes.add("POST", f"{_RUN}/cancel", needs="actions:write")
async def cancel(call: Call) -> Any:
    run = _run(call)
    if run.status == "completed":
        raise ApiError(409, "Cannot cancel a workflow run that is completed.")
    run.status, run.conclusion = "completed", "cancelled"
    await workflows.emit_run(call.hub, run, "completed", call.user)
    return Answer({}, 202)
