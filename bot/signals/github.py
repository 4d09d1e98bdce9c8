"""Read GitHub's own events: CI, deployments and security alerts.

A fork's branch can have the name of one of ours. Where an event says whose branch it is, a fork's is left out here; for
jobs, checks and statuses it does not, so whoever acts on them asks whether the commit is on the branch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from bot.signals.github_alerts import read_code_alert, read_dependency_alert, read_secret_alert
from bot.signals.github_shapes import (
    Check,
    Deployment,
    DeploymentState,
    Group,
    HeadRepository,
    Job,
    Run,
    Status,
    Suite,
    clean_line,
    make_links,
    read_moment,
)
from bot.signals.records import Signal, SignalKind

_CI: dict[str, SignalKind] = {
    "failure": "ci_failed",
    "timed_out": "ci_failed",
    "startup_failure": "ci_failed",
    "success": "ci_passed",
}
"""Conclusions that are news. A cancelled, skipped, stale or parked run (``action_required``) says nothing."""
_STATUSES: dict[str, SignalKind] = {"failure": "ci_failed", "error": "ci_failed", "success": "ci_passed"}
_DEPLOYMENTS: dict[str, SignalKind] = {
    "failure": "deploy_failed",
    "error": "deploy_failed",
    "success": "deploy_succeeded",
}
_GROUPS: dict[str, SignalKind] = {"invalidated": "ci_failed", "merged": "ci_passed"}
"""Why a group of a merge queue ended. What people took out (``dequeued``) says nothing."""
_ACTIONS = "github-actions"
_MATRIX = re.compile(r"\s*\([^()]*\)$")
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
# Steps that the machine does before anything of the repository's own runs.
_SETUP = (
    *("Set up job", "Set up runner", "Initialize containers", "Pull "),
    *("Run actions/checkout", "Run actions/setup-", "Run actions/cache"),
)
_MOST_BRANCHES = 10


Reader = Callable[[Mapping[str, Any], str, int], "tuple[Signal, ...]"]


def read(event: str, payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Return what a delivery says, nothing where it is no news or malformed."""
    reader = _READERS.get(event)
    try:
        return () if reader is None else reader(payload, delivery, now)
    except ValidationError:
        return ()


def strip_matrix(name: str) -> str:
    """Return a job's name without its place in a matrix."""
    return _MATRIX.sub("", name)


def _read_job(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    job = Job.model_validate(payload.get("workflow_job"))
    kind = _CI.get(job.conclusion or "")
    if payload.get("action") != "completed" or kind is None or not job.head_branch or not _SHA.fullmatch(job.head_sha):
        return ()
    branch, workflow, name = clean_line(job.head_branch), clean_line(job.workflow_name or ""), clean_line(job.name)
    failed = next((step.name for step in job.steps if step.conclusion in {"failure", "timed_out"}), "")
    labels = {
        "workflow": workflow,
        "job": name,
        "step": clean_line(failed),
        "run": str(job.run_id),
        "check": str(job.id),
    }
    if failed.startswith(_SETUP):
        labels["setup"] = "true"
    whole = f"github ci {branch} {workflow}"
    return (
        Signal(
            source="github",
            kind=kind,
            state_key=f"github check {job.id} {job.conclusion}",
            incident_key=f"{whole} {name}",
            joins=(f"{whole} {strip_matrix(name)} *",),
            delivery=delivery,
            title=clean_line(_title(kind, f"{workflow} / {name}" if workflow else name, branch)),
            started=read_moment(job.completed_at, now),
            branch=branch,
            sha=job.head_sha,
            links=make_links("Job", job.html_url),
            labels={key: value for key, value in labels.items() if value},
        ),
    )


def _read_run(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read a run that could not start, or started; its jobs tell the rest."""
    run = Run.model_validate(payload.get("workflow_run"))
    repository = HeadRepository.model_validate(payload.get("repository"))
    kind = _CI.get(run.conclusion or "")
    ours = run.head_repository is not None and run.head_repository.id == repository.id
    if payload.get("action") != "completed" or not ours or not run.head_branch or not _SHA.fullmatch(run.head_sha):
        return ()
    if kind is None or (kind == "ci_failed" and run.conclusion != "startup_failure"):
        return ()
    branch, workflow = clean_line(run.head_branch), clean_line(run.path or run.name or "")
    return (
        Signal(
            source="github",
            kind=kind,
            state_key=f"github run {run.id} {run.run_attempt} {run.conclusion}",
            incident_key=f"github start {branch} {workflow}",
            delivery=delivery,
            title=clean_line(f"{workflow} could not start on {branch}" if kind == "ci_failed" else f"{workflow} ran"),
            started=read_moment(run.updated_at, now),
            branch=branch,
            sha=run.head_sha,
            links=make_links("Run", run.html_url),
            labels={"workflow": workflow, "run": str(run.id), "conclusion": run.conclusion or ""},
        ),
    )


def _read_check(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read another App's check; of GitHub Actions the jobs tell.

    A check does not name its workflow: two workflows with a job of the same name would be one trouble.
    """
    check = Check.model_validate(payload.get("check_run"))
    kind = _CI.get(check.conclusion or "")
    app = (check.app.slug if check.app else None) or ""
    branch = clean_line(check.check_suite.head_branch or "")
    if payload.get("action") != "completed" or kind is None or app == _ACTIONS or not branch:
        return ()
    if not _SHA.fullmatch(check.head_sha):
        return ()
    name = clean_line(check.name)
    return (
        Signal(
            source="github",
            kind=kind,
            state_key=f"github check {check.id} {check.conclusion}",
            incident_key=f"github ci {branch} {app} {name}",
            joins=_join_jenkins(app, branch, check.head_sha),
            delivery=delivery,
            title=clean_line(_title(kind, name, branch)),
            started=read_moment(check.completed_at, now),
            branch=branch,
            sha=check.head_sha,
            links=make_links("Check", check.html_url),
            labels={"app": clean_line(app), "job": name},
        ),
    )


def _read_suite(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read the checks of an App that tells of no single one."""
    suite = Suite.model_validate(payload.get("check_suite"))
    kind = _CI.get(suite.conclusion or "")
    app = (suite.app.slug if suite.app else None) or ""
    branch = clean_line(suite.head_branch or "")
    if payload.get("action") != "completed" or kind is None or not branch or suite.latest_check_runs_count:
        return ()
    if app == _ACTIONS or not _SHA.fullmatch(suite.head_sha):
        return ()
    return (
        Signal(
            source="github",
            kind=kind,
            state_key=f"github suite {suite.id} {suite.conclusion}",
            incident_key=f"github ci {branch} {app} suite",
            delivery=delivery,
            title=clean_line(_title(kind, f"Checks of {app}", branch)),
            started=read_moment(suite.updated_at, now),
            branch=branch,
            sha=suite.head_sha,
            labels={"app": clean_line(app)},
        ),
    )


def _read_status(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read a status, for each branch that it is the newest commit of."""
    status = Status.model_validate(payload)
    kind = _STATUSES.get(status.state)
    if kind is None or not _SHA.fullmatch(status.sha):
        return ()
    context = clean_line(status.context)
    heads = [clean_line(one.name) for one in status.branches[:_MOST_BRANCHES] if one.commit.sha == status.sha]
    jenkins = "jenkins" if "jenkins" in context.lower() else ""
    return tuple(
        Signal(
            source="github",
            kind=kind,
            state_key=f"github status {status.id} {branch}",
            incident_key=f"github ci {branch} status {context}",
            joins=_join_jenkins(jenkins, branch, status.sha),
            delivery=delivery,
            title=clean_line(_title(kind, context, branch)),
            text=clean_line(status.description or "", 1_000),
            started=read_moment(status.updated_at, now),
            branch=branch,
            sha=status.sha,
            links=make_links("Build", status.target_url),
            labels={"job": context},
        )
        for branch in heads
    )


def _read_deployment(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    state = DeploymentState.model_validate(payload.get("deployment_status"))
    deployment = Deployment.model_validate(payload.get("deployment"))
    kind = _DEPLOYMENTS.get(state.state)
    environment = clean_line(state.environment or deployment.environment)
    if kind is None or not environment or not _SHA.fullmatch(deployment.sha):
        return ()
    verb = "failed" if kind == "deploy_failed" else "succeeded"
    return (
        Signal(
            source="github",
            kind=kind,
            state_key=f"github deployment {state.id} {state.state}",
            incident_key=f"github deploy {environment}",
            delivery=delivery,
            title=clean_line(f"Deployment to {environment} {verb}"),
            text=clean_line(state.description or "", 1_000),
            started=read_moment(state.updated_at, now),
            environment=environment,
            branch=clean_line(deployment.ref.removeprefix("refs/heads/")),
            sha=deployment.sha,
            links=make_links("Log", state.log_url),
            labels={"deployment": str(deployment.id)}
            | ({"production": "true"} if deployment.production_environment else {}),
        ),
    )


def _read_group(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read how a group of the merge queue ended, which its jobs do not tell.

    What was thrown out is on no branch: the news is of the commit that the group was built on.
    """
    group = Group.model_validate(payload.get("merge_group"))
    kind = _GROUPS.get(str(payload.get("reason")))
    branch = clean_line(group.base_ref.removeprefix("refs/heads/"))
    sha = group.head_sha if kind == "ci_passed" else group.base_sha
    if payload.get("action") != "destroyed" or kind is None or not branch or not _SHA.fullmatch(sha):
        return ()
    return (
        Signal(
            source="github",
            kind=kind,
            state_key=f"github group {clean_line(group.head_sha)} {kind}",
            incident_key=f"github queue {branch}",
            delivery=delivery,
            title=clean_line(_title(kind, "A group of the merge queue", branch)),
            started=now,
            branch=branch,
            sha=sha,
            labels={"queue": "true"},
        ),
    )


_READERS: dict[str, Reader] = {
    "workflow_job": _read_job,
    "workflow_run": _read_run,
    "check_run": _read_check,
    "check_suite": _read_suite,
    "status": _read_status,
    "deployment_status": _read_deployment,
    "merge_group": _read_group,
    "code_scanning_alert": read_code_alert,
    "dependabot_alert": read_dependency_alert,
    "secret_scanning_alert": read_secret_alert,
}
EVENTS: tuple[str, ...] = tuple(_READERS)


def _join_jenkins(app: str, branch: str, sha: str) -> tuple[str, ...]:
    """Return what a status and a check of one Jenkins build have in common."""
    return (f"github jenkins {branch} {sha}",) if "jenkins" in app.lower() else ()


def _title(kind: SignalKind, what: str, branch: str) -> str:
    return f"{what} {'failed' if kind == 'ci_failed' else 'passed'} on {branch}"
