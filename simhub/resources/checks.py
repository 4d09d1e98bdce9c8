"""Check runs, check suites and commit statuses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simhub import checkevents, commit_shapes, pull_shapes, shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found, too_long
from simhub.model import App, CheckRun, CheckSuite, Status, iso, node_id

TEXT_LIMIT = 65535  # bytes, whatever its documents say: https://github.com/github/docs/issues/35252
ANNOTATIONS = 50
_CONCLUSIONS = ("success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required")
_ANNOTATION = {"start_column": None, "end_column": None, "title": None, "raw_details": None}
_ACTION_LIMITS = {"label": 20, "description": 40, "identifier": 20}


def _app(call: Call) -> App:
    if call.actor.kind != "installation" or call.actor.app is None:
        raise ApiError(403, "You must authenticate via a GitHub App.")
    return call.actor.app


async def _suite(call: Call, sha: str) -> CheckSuite:
    app = _app(call)
    for suite in call.repo.suites:
        if suite.app is app and suite.head_sha == sha:
            return suite
    branch = next((ref[11:] for ref, at in (await call.git.refs("refs/heads/")).items() if at == sha), None)
    now = call.hub.world.now()
    suite = CheckSuite(call.hub.world.new_id(), call.repo, app, sha, branch, now, now)
    call.repo.suites.append(suite)
    return suite


@routes.add("POST", "/repos/{owner}/{repo}/check-runs", needs="checks:write")
async def create_run(call: Call) -> Any:
    name = call.required("name")
    wanted = call.required("head_sha")
    _app(call)
    sha = await call.git.resolve(wanted) if len(wanted) == 40 else None
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {wanted}")
    now = call.hub.world.now()
    run = CheckRun(call.hub.world.new_id(), await _suite(call, sha), name, "queued", now)
    await _change(call, run)
    run.suite.runs.append(run)
    await checkevents.emit(call.hub, run, "created", call.user)
    if run.status == "completed":
        await checkevents.completed(call.hub, run, call.user)
    return Answer(pull_shapes.check_run(call.hub, run), 201)


@routes.add("PATCH", "/repos/{owner}/{repo}/check-runs/{id}", needs="checks:write")
async def update_run(call: Call) -> Any:
    run = find(call)
    if run.suite.app is not _app(call):
        raise ApiError(403, "Invalid app_id `" + str(run.suite.app.id) + "` - check run can only be modified by the "
                            "GitHub App that created it.")  # fmt: skip
    before = run.status
    run.name = call.text("name", run.name) or run.name
    await _change(call, run)
    if run.status == "completed" != before:
        await checkevents.completed(call.hub, run, call.user)
    return pull_shapes.check_run(call.hub, run)


async def _change(call: Call, run: CheckRun) -> None:
    status = call.text("status", run.status) or run.status
    conclusion = call.text("conclusion")
    if status not in ("queued", "in_progress", "completed", "waiting", "requested", "pending"):
        raise invalid("CheckRun", "status", "invalid")
    if conclusion is not None and conclusion not in _CONCLUSIONS:
        words = f"{conclusion} is not a member of [{', '.join(_CONCLUSIONS)}]."
        raise ApiError(422, f"Invalid request.\n\n{words}")
    if status == "completed" and conclusion is None and run.conclusion is None:
        raise ApiError(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')
    output = _output(call)
    actions = _actions(call)
    run.status = "completed" if conclusion else status
    run.conclusion = (conclusion or run.conclusion) if run.status == "completed" else None
    now = call.hub.world.now()
    run.completed_at = _moment(call, "completed_at") or now if run.status == "completed" else None
    run.started_at = _moment(call, "started_at") or run.started_at
    run.details_url = call.text("details_url", run.details_url)
    run.external_id = call.text("external_id", run.external_id) or ""
    if output:
        run.title, run.summary = output["title"], output["summary"]
        run.text = output.get("text", run.text)
        run.annotations += [_ANNOTATION | item for item in output.get("annotations", [])]
    run.actions = actions if actions is not None else run.actions
    run.suite.updated_at = now


def _moment(call: Call, key: str) -> datetime | None:
    text = call.text(key)
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise invalid("CheckRun", key, "invalid") from None


def _output(call: Call) -> dict[str, Any] | None:
    output = call.body.get("output")
    if output is None:
        return None
    for key in ("title", "summary"):
        if not isinstance(output.get(key), str) or (key == "title" and not output[key]):
            raise ApiError(422, f'Invalid request.\n\n"{key}" wasn\'t supplied.')
    for key in ("summary", "text"):
        if len((output.get(key) or "").encode()) > TEXT_LIMIT:
            raise invalid("CheckRun", key, "custom", f"{key} exceeds a maximum bytesize of {TEXT_LIMIT}")
    annotations = output.get("annotations") or []
    if len(annotations) > ANNOTATIONS:
        raise ApiError(
            422, f"Invalid request.\n\nNo more than {ANNOTATIONS} items are allowed; {len(annotations)} were supplied."
        )
    for annotation in annotations:
        _check_annotation(annotation)
    return dict(output)


def _check_annotation(item: dict[str, Any]) -> None:
    for key in ("path", "start_line", "end_line", "annotation_level", "message"):
        if key not in item:
            raise ApiError(422, f'Invalid request.\n\n"{key}" wasn\'t supplied.')
    if item["annotation_level"] not in ("notice", "warning", "failure"):
        raise ApiError(422, "Invalid request.\n\nannotation_level is not a member of [notice, warning, failure].")
    if ("start_column" in item or "end_column" in item) and item["start_line"] != item["end_line"]:
        raise invalid("CheckRun", "annotations", "invalid", "start_column requires start_line to equal end_line")
    if len(item.get("title") or "") > 255:
        raise too_long("CheckRun", "annotations.title", 255)
    for key in ("message", "raw_details"):
        if len((item.get(key) or "").encode()) > 64 * 1024:
            raise invalid("CheckRun", f"annotations.{key}", "custom", f"{key} exceeds a maximum bytesize of 65536")


def _actions(call: Call) -> list[dict[str, str]] | None:
    actions = call.body.get("actions")
    if actions is None:
        return None
    if len(actions) > 3:
        raise ApiError(422, f"Invalid request.\n\nNo more than 3 items are allowed; {len(actions)} were supplied.")
    for action in actions:
        for key, limit in _ACTION_LIMITS.items():
            if len(action.get(key, "")) > limit or key not in action:
                raise ApiError(
                    422, f"Invalid request.\n\nOnly {limit} characters are allowed; {len(action.get(key, ''))} "
                         "were supplied.")  # fmt: skip
    return list(actions)


def find(call: Call) -> CheckRun:
    for suite in call.repo.suites:
        for run in suite.runs:
            if str(run.id) == call.params["id"]:
                return run
    raise not_found()


@routes.add("GET", "/repos/{owner}/{repo}/check-runs/{id}", needs="checks:read")
async def get_run(call: Call) -> Any:
    return pull_shapes.check_run(call.hub, find(call))


@routes.add("GET", "/repos/{owner}/{repo}/check-runs/{id}/annotations", needs="checks:read")
async def list_annotations(call: Call) -> Any:
    run = find(call)
    blob = f"{shapes.html_url(call.hub, call.repo)}/blob/{run.suite.head_sha}"
    return [item | {"blob_href": f"{blob}/{item['path']}"} for item in call.page(run.annotations)]


@routes.add("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", needs="checks:read")
async def runs_of_commit(call: Call) -> Any:
    sha = await call.git.resolve(call.params["ref"])
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {call.params['ref']}")
    runs = [run for suite in call.repo.suites if suite.head_sha == sha for run in suite.runs]
    return _listed(call, runs)


@routes.add("GET", "/repos/{owner}/{repo}/check-suites/{suite}/check-runs", needs="checks:read")
async def runs_of_suite(call: Call) -> Any:
    return _listed(call, find_suite(call).runs)


def _listed(call: Call, runs: list[CheckRun]) -> dict[str, Any]:
    query = call.query
    if name := query.get("check_name"):
        runs = [run for run in runs if run.name == name]
    if app_id := query.get("app_id"):
        runs = [run for run in runs if str(run.suite.app.id) == app_id]
    if status := query.get("status"):
        runs = [run for run in runs if run.status == status]
    if query.get("filter", "latest") == "latest":
        runs = list({(run.suite.id, run.name): run for run in runs}.values())
    runs = runs[::-1]
    shown = [pull_shapes.check_run(call.hub, run) for run in call.page(runs)]
    return {"total_count": len(runs), "check_runs": shown}


def find_suite(call: Call) -> CheckSuite:
    found = next((suite for suite in call.repo.suites if str(suite.id) == call.params["suite"]), None)
    if found is None:
        raise not_found()
    return found


async def _suite_shape(call: Call, suite: CheckSuite) -> dict[str, Any]:
    body = await pull_shapes.check_suite_hook(call.hub, suite)
    return body | {"repository": shapes.repository(call.hub, call.repo)}


@routes.add("GET", "/repos/{owner}/{repo}/check-suites/{suite}", needs="checks:read")
async def get_suite(call: Call) -> Any:
    return await _suite_shape(call, find_suite(call))


@routes.add("GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", needs="checks:read")
async def suites_of_commit(call: Call) -> Any:
    sha = await call.git.resolve(call.params["ref"])
    found = [suite for suite in call.repo.suites if suite.head_sha == sha]
    shown = [await _suite_shape(call, suite) for suite in call.page(found)]
    return {"total_count": len(found), "check_suites": shown}


@routes.add("POST", "/repos/{owner}/{repo}/check-suites/{suite}/rerequest", needs="checks:write")
async def rerequest_suite(call: Call) -> Any:
    suite = find_suite(call)
    body = await pull_shapes.check_suite_hook(call.hub, suite)
    payload = {"action": "rerequested", "check_suite": body}
    call.hub.webhooks.emit_check(suite.app, "check_suite", payload, call.repo, call.user)
    return Answer({}, 201)


@routes.add("POST", "/repos/{owner}/{repo}/check-runs/{id}/rerequest", needs="checks:write")
async def rerequest_run(call: Call) -> Any:
    await checkevents.emit(call.hub, find(call), "rerequested", call.user)
    return Answer({}, 201)


def _status(call: Call, item: Status) -> dict[str, Any]:
    return {
        "url": f"{shapes.repo_url(call.hub, call.repo)}/statuses/{item.sha}",
        "avatar_url": None,
        "id": item.id,
        "node_id": node_id("SC", item.id),
        "state": item.state,
        "description": item.description,
        "target_url": item.target_url,
        "context": item.context,
        "created_at": iso(item.created_at),
        "updated_at": iso(item.created_at),
        "creator": shapes.user(call.hub, item.creator),
    }


@routes.add("POST", "/repos/{owner}/{repo}/statuses/{sha}", needs="statuses:write")
async def create_status(call: Call) -> Any:
    sha = call.params["sha"]
    state = call.required("state")
    if state not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "state", "custom", "state is not included in the list")
    if await call.git.resolve(sha) is None:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    context = call.text("context", "default") or "default"
    item = Status(
        call.hub.world.new_id(), sha, state, context, call.text("description"), call.text("target_url"), call.user,
        call.hub.world.now(),
    )  # fmt: skip
    call.repo.statuses.append(item)
    shape = _status(call, item)
    commit = commit_shapes.commit(call.hub, call.repo, await call.git.commit(sha))
    extra = {"sha": sha, "name": call.repo.full_name, "branches": [], "commit": commit}
    call.hub.webhooks.emit("status", shape | extra, call.repo, call.user)
    return Answer(shape, 201)


@routes.add("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", needs="statuses:read")
async def list_statuses(call: Call) -> Any:
    sha = await call.git.resolve(call.params["ref"])
    items = [item for item in reversed(call.repo.statuses) if item.sha == sha]
    return [_status(call, item) for item in call.page(items)]


@routes.add("GET", "/repos/{owner}/{repo}/commits/{ref}/status", needs="statuses:read")
async def combined_status(call: Call) -> Any:
    sha = await call.git.resolve(call.params["ref"])
    latest = {item.context: item for item in call.repo.statuses if item.sha == sha}
    states = {item.state for item in latest.values()}
    bad = states & {"error", "failure"}
    state = "success" if states == {"success"} else "pending"
    if bad:
        state = "failure"
    base = shapes.repo_url(call.hub, call.repo)
    return {
        "state": state,
        "statuses": [_status(call, item) for item in latest.values()],
        "sha": sha,
        "total_count": len(latest),
        "repository": shapes.repository(call.hub, call.repo),
        "commit_url": f"{base}/commits/{sha}",
        "url": f"{base}/commits/{sha}/status",
    }
