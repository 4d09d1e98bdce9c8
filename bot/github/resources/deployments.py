"""Deployments and their statuses, workflows that deploy, and the answers to protection rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from bot.github.api.client import Client, within
from bot.github.api.transport import RequestOptions
from bot.github.resources.effects import once
from bot.types import JsonModel, Repository

_ONCE = RequestOptions(repeatable=False)
_OURS = "forgehand"  # the key of a payload that holds our task
_STATUSES = 30
_DESCRIPTION = 140  # characters that GitHub takes
FINAL = ("success", "failure", "error", "inactive")


class DeploymentStatus(JsonModel):
    """One status of a deployment; ``at`` in ms."""

    state: str
    at: int
    description: str = ""
    log_url: str = ""


class Deployment(JsonModel):
    """A deployment; ``created`` in ms, ``task_id``: ours that made it."""

    id: int
    sha: str
    environment: str
    created: int
    creator: int | None = None
    task_id: str = ""


async def list_deployments(
    client: Client, repository: Repository, environment: str, limit: int, task: str = ""
) -> list[Deployment]:
    """Return an environment's newest deployments, newest first."""
    url = "/repos/{owner}/{repo}/deployments{?environment,task,per_page}"
    query = within(repository, environment=environment, per_page=limit, **({"task": task} if task else {}))
    return [parse_deployment(item) for item in await client.get(url, query)]


async def list_statuses(client: Client, repository: Repository, deployment: int) -> list[DeploymentStatus]:
    """Return a deployment's statuses, newest first."""
    url = "/repos/{owner}/{repo}/deployments/{id}/statuses{?per_page}"
    found = await client.get(url, within(repository, id=deployment, per_page=_STATUSES))
    return [parse_status(item) for item in found]


async def ensure_rollback(
    client: Client, repository: Repository, *, environment: str, sha: str, description: str, task_id: str
) -> Deployment:
    """Deploy an earlier commit, once a task.

    Neither its checks nor the default branch may stand in its way: GitHub would refuse it for a red check, or merge the
    default branch into it.
    """

    async def find() -> Deployment | None:
        found = await list_deployments(client, repository, environment, 30, task="rollback")
        return next((one for one in found if one.task_id == task_id), None)

    async def make() -> Deployment:
        data = {
            "ref": sha,
            "task": "rollback",
            "auto_merge": False,
            "required_contexts": [],
            "environment": environment,
            "description": description[:_DESCRIPTION],
            "payload": {_OURS: task_id},
        }
        return parse_deployment(
            await client.post("/repos/{owner}/{repo}/deployments", within(repository), data, options=_ONCE)
        )

    return await once(find, make)


async def dispatch_workflow(
    client: Client, repository: Repository, file: str, ref: str, inputs: Mapping[str, str]
) -> None:
    """Start a workflow of the repository's by the name of its file."""
    url = "/repos/{owner}/{repo}/actions/workflows/{file}/dispatches"
    await client.post(url, within(repository, file=file), {"ref": ref, "inputs": dict(inputs)}, options=_ONCE)


async def was_dispatched(client: Client, repository: Repository, file: str, since: int, actor: str) -> bool:
    """Tell whether an account has dispatched a workflow since a moment (ms)."""
    url = "/repos/{owner}/{repo}/actions/workflows/{file}/runs{?event,per_page}"
    found = await client.get(url, within(repository, file=file, event="workflow_dispatch", per_page=30))
    return any(
        _moment(run["created_at"]) >= since and (run.get("actor") or {}).get("login") == actor
        for run in found["workflow_runs"]
    )


async def answer_rule(
    client: Client,
    repository: Repository,
    run: int,
    environment: str,
    state: Literal["approved", "rejected"],
    comment: str,
) -> None:
    """Approve or reject a deployment that waits for our protection rule."""
    url = "/repos/{owner}/{repo}/actions/runs/{run}/deployment_protection_rule"
    data = {"environment_name": environment, "state": state, "comment": comment}
    await client.post(url, within(repository, run=run), data, options=_ONCE)


def parse_deployment(data: Any) -> Deployment:
    """Read a deployment of the API or of an event."""
    payload = data.get("payload")
    ours = payload.get(_OURS) if isinstance(payload, dict) else None
    return Deployment(
        id=data["id"],
        sha=str(data.get("sha") or ""),
        environment=str(data.get("environment") or ""),
        created=_moment(data["created_at"]),
        creator=(data.get("creator") or {}).get("id"),
        task_id=ours if isinstance(ours, str) else "",
    )


def parse_status(data: Any) -> DeploymentStatus:
    """Read a status of the API or of an event."""
    return DeploymentStatus(
        state=str(data.get("state") or ""),
        at=_moment(data["created_at"]),
        description=str(data.get("description") or ""),
        log_url=str(data.get("log_url") or ""),
    )


def _moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
