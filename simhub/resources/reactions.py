"""Reactions: 201 for a new one, 200 for one that is there already."""

from __future__ import annotations

from typing import Any

from simhub import shapes
from simhub.call import Answer, Call, routes
from simhub.errors import LOCKING, ApiError, not_found
from simhub.model import Issue, Reaction
from simhub.resources import comments
from simhub.resources.issues import NEEDS_READ, NEEDS_WRITE

_ISSUE = "/repos/{owner}/{repo}/issues/{number}/reactions"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{id}/reactions"
_REVIEW = "/repos/{owner}/{repo}/pulls/comments/{id}/reactions"


def lock_refusal() -> ApiError:
    """Return the refusal of a reaction in a locked conversation; its words are ours."""
    return ApiError(403, "Unable to create reaction because issue is locked.", docs=LOCKING)


def _target(call: Call) -> tuple[Issue, list[Reaction]]:
    """Return the reactions that the path names, and the conversation they belong to."""
    if "number" in call.params:
        return call.issue(), call.issue().reactions
    if "/pulls/comments/" not in call.path:
        found = comments.find(call)
        return found.issue, found.reactions
    for pull in call.repo.pulls:
        for comment in pull.review_comments:
            if str(comment.id) == call.params["id"]:
                return pull.issue, comment.reactions
    raise not_found()


@routes.add("GET", _ISSUE, needs=NEEDS_READ)
@routes.add("GET", _COMMENT, needs=NEEDS_READ)
@routes.add("GET", _REVIEW, needs="pull_requests:read")
async def list_reactions(call: Call) -> Any:
    items = [item for item in _target(call)[1] if call.query.get("content") in (None, item.content)]
    return [shapes.reaction(call.hub, item) for item in call.page(items)]


@routes.add("POST", _ISSUE, needs=NEEDS_WRITE, role="read")
@routes.add("POST", _COMMENT, needs=NEEDS_WRITE, role="read")
@routes.add("POST", _REVIEW, needs="pull_requests:write", role="read")
async def create_reaction(call: Call) -> Any:
    issue, reactions = _target(call)
    content = call.required("content")
    if content not in shapes.REACTIONS:
        known = ", ".join(f'"{name}"' for name in shapes.REACTIONS)
        raise ApiError(422, f"Invalid request.\n\n{content} is not a member of [{known}].")
    call.check_lock(issue, lock_refusal())
    for item in reactions:
        if item.user is call.user and item.content == content:
            return Answer(shapes.reaction(call.hub, item), 200)
    item = Reaction(call.hub.world.new_id(), call.user, content, call.hub.world.now())
    reactions.append(item)
    return Answer(shapes.reaction(call.hub, item), 201)


@routes.add("DELETE", f"{_ISSUE}/{{reaction}}", needs=NEEDS_WRITE, role="read")
@routes.add("DELETE", f"{_COMMENT}/{{reaction}}", needs=NEEDS_WRITE, role="read")
@routes.add("DELETE", f"{_REVIEW}/{{reaction}}", needs="pull_requests:write", role="read")
async def delete_reaction(call: Call) -> Any:
    _, reactions = _target(call)
    found = next((item for item in reactions if str(item.id) == call.params["reaction"]), None)
    if found is None or found.user is not call.user:
        raise not_found()
    reactions.remove(found)
    return Answer(status=204)
