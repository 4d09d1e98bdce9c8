"""Labels of a repository and of an issue."""

from __future__ import annotations

import re
from typing import Any

from simhub import shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, invalid
from simhub.model import Label
from simhub.resources.issues import NEEDS_READ, NEEDS_WRITE, add_labels, drop_label, label_named, set_labels


def _shape(call: Call, label: Label) -> dict[str, Any]:
    return shapes.label(call.hub, call.repo, label)


def _named(call: Call, message: str = "Not Found") -> Label:
    name = call.params["name"].lower()
    found = next((label for label in call.repo.labels if label.name.lower() == name), None)
    if found is None:
        raise ApiError(404, message)
    return found


def _emit(call: Call, action: str, label: Label, **extra: Any) -> None:
    payload = {"action": action, "label": _shape(call, label), **extra}
    call.hub.webhooks.emit("label", payload, call.repo, call.user)


@routes.add("GET", "/repos/{owner}/{repo}/labels", needs=NEEDS_READ)
async def list_labels(call: Call) -> Any:
    return [_shape(call, label) for label in call.page(call.repo.labels)]


@routes.add("POST", "/repos/{owner}/{repo}/labels", needs=NEEDS_WRITE)
async def create_label(call: Call) -> Any:
    name = call.required("name")
    color = call.text("color", "ededed") or "ededed"
    if any(label.name.lower() == name.lower() for label in call.repo.labels):
        raise invalid("Label", "name", "already_exists")
    if not re.fullmatch(r"[0-9a-fA-F]{6}", color):
        raise invalid("Label", "color", "invalid")
    description = call.text("description")
    if description and len(description) > 100:
        raise invalid("Label", "description", "custom", "description is too long (maximum is 100 characters)")
    label = Label(call.hub.world.new_id(), name, color.lower(), description)
    call.repo.labels.append(label)
    _emit(call, "created", label)
    return Answer(_shape(call, label), 201)


@routes.add("GET", "/repos/{owner}/{repo}/labels/{name}", needs=NEEDS_READ)
async def get_label(call: Call) -> Any:
    return _shape(call, _named(call))


@routes.add("PATCH", "/repos/{owner}/{repo}/labels/{name}", needs=NEEDS_WRITE)
async def patch_label(call: Call) -> Any:
    label = _named(call)
    before = {"name": label.name, "color": label.color, "description": label.description}
    label.name = call.text("new_name", label.name) or label.name
    label.color = call.text("color", label.color) or label.color
    label.description = call.text("description", label.description)
    changes = {key: {"from": old} for key, old in before.items() if getattr(label, key) != old}
    _emit(call, "edited", label, changes=changes)
    return _shape(call, label)


@routes.add("DELETE", "/repos/{owner}/{repo}/labels/{name}", needs=NEEDS_WRITE)
async def delete_label(call: Call) -> Any:
    label = _named(call)
    call.repo.labels.remove(label)
    for issue in call.repo.issues.values():
        issue.labels = [each for each in issue.labels if each is not label]
    _emit(call, "deleted", label)
    return Answer(status=204)


@routes.add("GET", "/repos/{owner}/{repo}/issues/{number}/labels", needs=NEEDS_READ)
async def issue_labels(call: Call) -> Any:
    return [_shape(call, label) for label in call.page(call.issue().labels)]


def _names(call: Call) -> list[str]:
    """``{"labels": [...]}`` or the bare list, names or objects."""
    value = call.payload if isinstance(call.payload, list) else call.body.get("labels", [])
    if not isinstance(value, list):
        raise invalid("Label", "labels", "invalid")
    names = [item.get("name") if isinstance(item, dict) else item for item in value]
    if any(not isinstance(name, str) or not name for name in names):
        raise invalid("Label", "name", "missing_field")
    return [str(name) for name in names]


@routes.add("POST", "/repos/{owner}/{repo}/issues/{number}/labels", needs=NEEDS_WRITE, role="triage")
async def add_issue_labels(call: Call) -> Any:
    issue = call.issue()
    await add_labels(call, issue, [label_named(call.hub, call.repo, name) for name in _names(call)])
    return [_shape(call, label) for label in issue.labels]


@routes.add("PUT", "/repos/{owner}/{repo}/issues/{number}/labels", needs=NEEDS_WRITE, role="triage")
async def replace_issue_labels(call: Call) -> Any:
    issue = call.issue()
    await set_labels(call, issue, _names(call))
    return [_shape(call, label) for label in issue.labels]


@routes.add("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels", needs=NEEDS_WRITE, role="triage")
async def clear_issue_labels(call: Call) -> Any:
    await set_labels(call, call.issue(), [])
    return Answer(status=204)


@routes.add("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels/{name}", needs=NEEDS_WRITE, role="triage")
async def remove_issue_label(call: Call) -> Any:
    issue = call.issue()
    label = next((each for each in issue.labels if each.name.lower() == call.params["name"].lower()), None)
    if label is None:
        raise ApiError(404, "Label does not exist")
    await drop_label(call, issue, label)
    return [_shape(call, each) for each in issue.labels]
