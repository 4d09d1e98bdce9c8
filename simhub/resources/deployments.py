"""Deployments, their statuses, environments, protection rules' answers and workflow_dispatch."""

from __future__ import annotations

from typing import Any

import yaml

from simhub import deploying, forge, shapes, workflows
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found, too_long, wrong_type
from simhub.gitrepo import GitError
from simhub.model import Deployment, Dispatch, RuleRequest, iso, node_id
from simhub.resources.gitdata import person_env

_ALL = "/repos/{owner}/{repo}/deployments"
_ONE = f"{_ALL}/{{id}}"
_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_DESCRIPTION = 140
_INPUTS = 25


@routes.add("GET", _ALL, needs="deployments:read")
async def list_deployments(call: Call) -> Any:
    found = call.repo.deployments[::-1]
    for name in ("sha", "ref", "task", "environment"):
        if wanted := call.query.get(name):
            found = [each for each in found if getattr(each, name) == wanted]
    return [deploying.shape(call.hub, each) for each in call.page(found)]


@routes.add("POST", _ALL, needs="deployments:write")
async def create(call: Call) -> Any:
    ref = call.required("ref")
    sha = await call.git.resolve(ref)
    if sha is None:
        raise ApiError(422, f"No ref found for: {ref}")
    merged = await _auto_merge(call, ref, sha) if call.flag("auto_merge", True) else None
    if merged is not None:
        return merged
    if failing := _failing_contexts(call, sha):
        raise ApiError(409, f"Conflict: Commit status checks failed for {ref}.", failing)
    environment = call.text("environment", "production") or "production"
    deployment = Deployment(
        call.hub.world.new_id(), call.repo, sha, ref, call.text("task", "deploy") or "deploy", environment,
        call.text("description"), call.body.get("payload", {}), call.user, call.hub.world.now(),
        call.flag("transient_environment"), call.flag("production_environment", environment == "production"),
        call.actor.acting_app,
    )  # fmt: skip
    await deploying.announce(call.hub, deployment, call.user)
    return Answer(deploying.shape(call.hub, deployment), 201)


async def _auto_merge(call: Call, ref: str, sha: str) -> Answer | None:
    """Bring the default branch into a ref that lacks it, as GitHub does unless it is told not to."""
    main = await call.git.resolve(call.repo.default_branch) or sha
    if await call.git.is_ancestor(main, sha):
        return None
    tree = await call.git.merge_tree(sha, main)
    if tree is None or ref == sha:
        raise ApiError(409, f"Conflict merging {call.repo.default_branch} into {ref}.")
    env = person_env(call, "AUTHOR", {}) | person_env(call, "COMMITTER", {})
    message = f"Merge {call.repo.default_branch} into {ref}"
    made = await call.git.write_commit(tree, [sha, main], message, env)
    await call.git.update_ref(f"refs/heads/{ref}", made, sha)
    await forge.ref_changed(call.hub, call.repo, f"refs/heads/{ref}", sha, made, call.actor)
    return Answer({"message": f"Auto-merged {call.repo.default_branch} into {ref} on deployment."}, 202)


def _failing_contexts(call: Call, sha: str) -> list[Any]:
    """Return the contexts that must be green and are not: all there are, unless some or none are named."""
    statuses = {item.context: item.state for item in call.repo.statuses if item.sha == sha}
    runs = [run for suite in call.repo.suites if suite.head_sha == sha for run in suite.runs]
    states = {run.name: run.conclusion or "pending" for run in runs} | statuses
    wanted = call.strings("required_contexts") if "required_contexts" in call.body else list(states)
    green = ("success", "neutral", "skipped")
    bad = [name for name in wanted if states.get(name, "missing") not in green]
    return [
        {"contexts": [{"context": name, "state": states.get(name, "pending")} for name in bad],
         "resource": "Deployment", "field": "required_contexts", "code": "invalid"}
    ] if bad else []  # fmt: skip


def _find(call: Call) -> Deployment:
    found = next((each for each in call.repo.deployments if str(each.id) == call.params["id"]), None)
    if found is None:
        raise not_found()
    return found


@routes.add("GET", _ONE, needs="deployments:read")
async def get(call: Call) -> Any:
    return deploying.shape(call.hub, _find(call))


@routes.add("DELETE", _ONE, needs="deployments:write")
async def delete(call: Call) -> Any:
    deployment = _find(call)
    active = not deployment.statuses or deployment.statuses[-1].state != "inactive"
    if active and len(call.repo.deployments) > 1:
        raise ApiError(422, "We cannot delete an active deployment unless it is the only one.")
    call.repo.deployments.remove(deployment)
    return Answer(status=204)


@routes.add("GET", f"{_ONE}/statuses", needs="deployments:read")
async def list_statuses(call: Call) -> Any:
    found = _find(call).statuses[::-1]
    return [deploying.status_shape(call.hub, each) for each in call.page(found)]


@routes.add("POST", f"{_ONE}/statuses", needs="deployments:write")
async def create_status(call: Call) -> Any:
    deployment = _find(call)
    state = call.required("state")
    if state not in _STATES:
        raise invalid("DeploymentStatus", "state", "custom", "state is not included in the list")
    description = call.text("description", "") or ""
    if len(description) > _DESCRIPTION:
        raise too_long("DeploymentStatus", "description", _DESCRIPTION)
    status = await deploying.add_status(
        call.hub, deployment, state, call.actor,
        auto_inactive=call.flag("auto_inactive", True),
        description=description,
        target_url=call.text("log_url", call.text("target_url", "")) or "",
        environment_url=call.text("environment_url", "") or "",
    )  # fmt: skip
    return Answer(deploying.status_shape(call.hub, status), 201)


@routes.add("GET", "/repos/{owner}/{repo}/environments", needs="actions:read")
async def list_environments(call: Call) -> Any:
    names = deploying.environments(call.repo)
    shown = [_environment(call, number, name) for number, name in enumerate(names, 1)]
    return {"total_count": len(shown), "environments": list(call.page(shown))}


def _environment(call: Call, number: int, name: str) -> dict[str, Any]:
    url = f"{shapes.repo_url(call.hub, call.repo)}/environments/{name}"
    page = f"{shapes.html_url(call.hub, call.repo)}/deployments/activity_log?environments_filter={name}"
    first = next(each for each in call.repo.deployments if each.environment == name)
    moment = iso(first.created_at)
    return {
        "id": number, "node_id": node_id("EN", number), "name": name, "url": url, "html_url": page,
        "created_at": moment, "updated_at": moment, "protection_rules": [], "deployment_branch_policy": None,
    }  # fmt: skip


@routes.add(
    "POST", "/repos/{owner}/{repo}/actions/runs/{id}/deployment_protection_rule", needs="deployments:write|actions:read"
)
async def answer_rule(call: Call) -> Any:
    """Approve or reject once; without a state it is a report of how far the App is."""
    environment = call.required("environment_name")
    asked = _find_request(call, environment)
    comment = call.text("comment", "") or ""
    state = call.text("state")
    if state is None:
        if not comment or len(comment) > 1024 or len(asked.comments) >= 10:
            raise ApiError(422, "Validation Failed")
    elif state not in ("approved", "rejected") or asked.state is not None:
        raise ApiError(422, "There are no pending deployment protection rules to review.")
    asked.comments.append(comment)
    asked.state = state or asked.state
    return Answer(status=204)


def _find_request(call: Call, environment: str) -> RuleRequest:
    for asked in reversed(call.repo.rule_requests):
        same = str(asked.run.id) == call.params["id"] and asked.deployment.environment == environment
        if same and asked.app is call.actor.acting_app:
            return asked
    raise not_found()


@routes.add("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches", needs="actions:write")
async def dispatch(call: Call) -> Any:
    """Start a workflow by its file's name, if it may be started so on that ref."""
    name, ref = call.params["workflow"], call.required("ref")
    sha = await call.git.resolve(ref)
    if sha is None:
        raise ApiError(422, f"No ref found for: {ref}")
    path = f".github/workflows/{name}"
    try:
        text = await call.git.text("show", f"{sha}:{path}")
    except GitError:
        raise not_found() from None
    wanted = _read_dispatch(yaml.load(text, Loader=yaml.BaseLoader))
    given = call.body.get("inputs") or {}
    if not isinstance(given, dict):
        raise wrong_type("inputs", given, "an object")
    unknown = sorted(set(given) - set(wanted))
    if unknown or len(given) > _INPUTS:
        raise ApiError(422, f"Unexpected inputs provided: {unknown}")
    run = workflows.new_run(
        call.hub, call.repo, sha, ref, "workflow_dispatch", name, path, call.repo, call.user
    )  # fmt: skip
    call.repo.dispatches.append(Dispatch(run, given))
    await workflows.emit_run(call.hub, run, "requested", call.user)
    return Answer(status=204)


def _read_dispatch(file: Any) -> list[str]:
    """Return the inputs of a workflow file's ``workflow_dispatch``; 422 without that trigger."""
    on = file.get("on") if isinstance(file, dict) else None
    names = [on] if isinstance(on, str) else list(on or ())
    if "workflow_dispatch" not in names:
        raise ApiError(422, "Workflow does not have 'workflow_dispatch' trigger")
    trigger = on.get("workflow_dispatch") if isinstance(on, dict) else None
    return list((trigger or {}).get("inputs") or {}) if isinstance(trigger, dict) else []
