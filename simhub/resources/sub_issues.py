"""Issues below another issue: list them, add one."""

from __future__ import annotations

from typing import Any

from simhub import shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_found
from simhub.model import Issue


@routes.add("GET", "/repos/{owner}/{repo}/issues/{number}/sub_issues", needs="issues:read")
async def list_sub_issues(call: Call) -> Any:
    return [shapes.issue(call.hub, one) for one in call.page(call.issue().sub_issues)]


@routes.add("POST", "/repos/{owner}/{repo}/issues/{number}/sub_issues", needs="issues:write", role="triage")
async def add_sub_issue(call: Call) -> Any:
    parent = call.issue()
    added = _find(call, call.body.get("sub_issue_id"))
    if added.parent is not None and not call.flag("replace_parent"):
        raise ApiError(422, "An error occurred while adding the sub-issue to the parent issue. ")
    if added.parent is not None:
        added.parent.sub_issues.remove(added)
    added.parent = parent
    parent.sub_issues.append(added)
    return Answer(shapes.issue(call.hub, added), 201)


def _find(call: Call, identifier: Any) -> Issue:
    """Return an issue of the same owner."""
    for repository in call.hub.world.repositories.values():
        if repository.owner is call.repo.owner:
            for issue in repository.issues.values():
                if issue.id == identifier and issue.pull is None:
                    return issue
    raise not_found()
