"""Comments on issues and pull requests."""

from __future__ import annotations

from typing import Any

from simhub import shapes
from simhub.actor import has_role
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found
from simhub.model import Comment, iso
from simhub.resources.issues import NEEDS_READ, NEEDS_WRITE, checked_body


def _body(call: Call) -> str:
    text = checked_body(call.required("body"), "IssueComment") or ""
    if not text.strip():
        raise invalid("IssueComment", "body", "missing_field", "body cannot be blank")
    return text


def _emit(call: Call, action: str, comment: Comment, **extra: Any) -> None:
    hub = call.hub
    payload = {"action": action, "issue": shapes.issue(hub, comment.issue), "comment": shapes.comment(hub, comment)}
    hub.webhooks.emit("issue_comment", payload | extra, comment.issue.repository, call.user)


@routes.add("GET", "/repos/{owner}/{repo}/issues/{number}/comments", needs=NEEDS_READ)
async def list_comments(call: Call) -> Any:
    items = call.issue().comments
    if since := call.query.get("since"):
        items = [item for item in items if (iso(item.updated_at) or "") >= since]
    return [shapes.comment(call.hub, item) for item in call.page(items)]


@routes.add("GET", "/repos/{owner}/{repo}/issues/comments", needs=NEEDS_READ)
async def repository_comments(call: Call) -> Any:
    items = [comment for issue in call.repo.issues.values() for comment in issue.comments]
    items.sort(key=lambda item: item.id, reverse=call.query.get("direction") == "desc")
    return [shapes.comment(call.hub, item) for item in call.page(items)]


@routes.add("POST", "/repos/{owner}/{repo}/issues/{number}/comments", needs=NEEDS_WRITE, role="read")
async def create_comment(call: Call) -> Any:
    issue = call.issue()
    text = _body(call)
    now = call.hub.world.now()
    call.check_lock(issue)
    comment = Comment(call.hub.world.new_id(), issue, call.user, text, now, now, call.actor.acting_app)
    issue.comments.append(comment)
    issue.updated_at = now
    _emit(call, "created", comment)
    return Answer(shapes.comment(call.hub, comment), 201)


def find(call: Call) -> Comment:
    for issue in call.repo.issues.values():
        for comment in issue.comments:
            if str(comment.id) == call.params["id"]:
                return comment
    raise not_found()


@routes.add("GET", "/repos/{owner}/{repo}/issues/comments/{id}", needs=NEEDS_READ)
async def get_comment(call: Call) -> Any:
    return shapes.comment(call.hub, find(call))


def _own(call: Call) -> Comment:
    comment = find(call)
    theirs = comment.user is not call.user
    if theirs and call.actor.kind == "user" and not has_role(call.repo, call.user, "write"):
        raise ApiError(403, "Must have admin rights to Repository.")
    return comment


@routes.add("PATCH", "/repos/{owner}/{repo}/issues/comments/{id}", needs=NEEDS_WRITE, role="read")
async def patch_comment(call: Call) -> Any:
    comment = _own(call)
    before = comment.body
    comment.body = _body(call)
    comment.updated_at = call.hub.world.now()
    _emit(call, "edited", comment, changes={"body": {"from": before}})
    return shapes.comment(call.hub, comment)


@routes.add("DELETE", "/repos/{owner}/{repo}/issues/comments/{id}", needs=NEEDS_WRITE, role="read")
async def delete_comment(call: Call) -> Any:
    comment = _own(call)
    comment.issue.comments.remove(comment)
    _emit(call, "deleted", comment)
    return Answer(status=204)
