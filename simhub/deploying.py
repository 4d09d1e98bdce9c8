"""Deployments: their JSON, their webhooks, and protection rules that an App answers."""

from __future__ import annotations

from typing import Any

from simhub import shapes, workflows
from simhub.actor import Actor
from simhub.model import (
    Account,
    App,
    Deployment,
    DeploymentStatus,
    Repository,
    RuleRequest,
    WorkflowRun,
    iso,
    node_id,
)
from simhub.state import State

Json = dict[str, Any]


def deployment_url(hub: State, deployment: Deployment) -> str:
    return f"{shapes.repo_url(hub, deployment.repository)}/deployments/{deployment.id}"


def shape(hub: State, deployment: Deployment) -> Json:
    url = deployment_url(hub, deployment)
    changed = deployment.statuses[-1].created_at if deployment.statuses else deployment.created_at
    return {
        "url": url,
        "id": deployment.id,
        "node_id": node_id("DE", deployment.id),
        "task": deployment.task,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "created_at": iso(deployment.created_at),
        "updated_at": iso(changed),
        "statuses_url": f"{url}/statuses",
        "repository_url": shapes.repo_url(hub, deployment.repository),
        "creator": shapes.user(hub, deployment.creator),
        "sha": deployment.sha,
        "ref": deployment.ref,
        "payload": deployment.payload,
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
        "performed_via_github_app": shapes.optional_integration(hub, deployment.app),
    }


def status_shape(hub: State, status: DeploymentStatus) -> Json:
    url = deployment_url(hub, status.deployment)
    return {
        "url": f"{url}/statuses/{status.id}",
        "id": status.id,
        "node_id": node_id("DES", status.id),
        "state": status.state,
        "creator": shapes.user(hub, status.creator),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.target_url,
        "created_at": iso(status.created_at),
        "updated_at": iso(status.created_at),
        "deployment_url": url,
        "repository_url": shapes.repo_url(hub, status.deployment.repository),
        "environment_url": status.environment_url,
        "log_url": status.target_url,
        "performed_via_github_app": shapes.optional_integration(hub, status.app),
    }


async def _made_by(hub: State, deployment: Deployment) -> Json:
    """Return the workflow run that an event carries, where Actions made the deployment."""
    run = deployment.run
    if run is None:
        return {"workflow": None, "workflow_run": None}
    return {"workflow": workflows.workflow_shape(hub, run), "workflow_run": await workflows.run_shape(hub, run)}


async def announce(hub: State, deployment: Deployment, sender: Account) -> None:
    deployment.repository.deployments.append(deployment)
    payload = {"action": "created", "deployment": shape(hub, deployment), **await _made_by(hub, deployment)}
    hub.webhooks.emit("deployment", payload, deployment.repository, sender)


async def add_status(
    hub: State,
    deployment: Deployment,
    state: str,
    actor: Actor,
    *,
    auto_inactive: bool = True,
    description: str = "",
    target_url: str = "",
    environment_url: str = "",
) -> DeploymentStatus:
    """Add a status; a success makes earlier ones of its environment inactive, but not in production."""
    status = await _add(hub, deployment, state, actor.user, actor.acting_app, description, target_url, environment_url)
    if state == "success" and auto_inactive:
        for other in deployment.repository.deployments:
            if other is not deployment and _goes_inactive(other, deployment):
                await _add(hub, other, "inactive", actor.user, actor.acting_app, "", "", "")
    return status


def _goes_inactive(other: Deployment, newer: Deployment) -> bool:
    same = other.environment == newer.environment and other.id < newer.id
    lasting = not other.transient and not other.production
    return same and lasting and bool(other.statuses) and other.statuses[-1].state == "success"


async def _add(
    hub: State, deployment: Deployment, state: str, creator: Account, app: App | None, description: str, target: str,
    url: str,
) -> DeploymentStatus:  # fmt: skip
    status = DeploymentStatus(
        hub.world.new_id(), deployment, state, deployment.environment, description, target, url, creator,
        hub.world.now(), app,
    )  # fmt: skip
    deployment.statuses.append(status)
    payload = {
        "action": "created",
        "deployment_status": status_shape(hub, status),
        "deployment": shape(hub, deployment),
        "check_run": None,
        **await _made_by(hub, deployment),
    }
    hub.webhooks.emit("deployment_status", payload, deployment.repository, creator)
    return status


async def ask_rule(hub: State, app: App, run: WorkflowRun, environment: str) -> RuleRequest:
    """Let a job wait for an App's protection rule, and ask the App."""
    repo = run.repository
    deployment = Deployment(
        hub.world.new_id(), repo, run.head_sha, run.head_branch or run.head_sha, "deploy", environment, None, {},
        run.actor, hub.world.now(), production=environment == "production", run=run,
    )  # fmt: skip
    await announce(hub, deployment, run.actor)
    await _add(hub, deployment, "waiting", run.actor, None, "", "", "")
    asked = RuleRequest(run, app, deployment)
    repo.rule_requests.append(asked)
    callback = f"{shapes.repo_url(hub, repo)}/actions/runs/{run.id}/deployment_protection_rule"
    payload = {
        "action": "requested",
        "environment": environment,
        "event": run.event,
        "sha": run.head_sha,
        "ref": f"refs/heads/{run.head_branch}",
        "deployment_callback_url": callback,
        "deployment": shape(hub, deployment),
        "pull_requests": [],
    }
    hub.webhooks.emit_check(app, "deployment_protection_rule", payload, repo, run.actor)
    return asked


def environments(repo: Repository) -> list[str]:
    return list(dict.fromkeys(deployment.environment for deployment in repo.deployments))
