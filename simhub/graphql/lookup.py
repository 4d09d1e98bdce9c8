"""Node ids: from the opaque text back to what it names."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from simhub.errors import ApiError
from simhub.graphql.execute import Context, Node
from simhub.model import Issue


def issue_node(issue: Issue) -> Node:
    return Node("PullRequest", issue.pull) if issue.pull else Node("Issue", issue)


def number_of(identifier: str, prefix: str) -> int:
    """Return the number inside a node id; raises ApiError 404."""
    try:
        text = base64.urlsafe_b64decode(identifier.partition("_")[2] + "==").decode()
        return int(text.removeprefix(f"0:{prefix}"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ApiError(404, f"Could not resolve to a node with the global id of '{identifier}'") from None


def find(context: Context, identifier: str) -> Node:
    """Return what a node id names, in repositories the asker sees.

    Raises ApiError 404.
    """
    prefix = identifier.partition("_")[0]
    number = number_of(identifier, prefix)
    for repo in context.call.hub.world.repositories.values():
        if not context.call.actor.sees(repo):
            continue
        if prefix == "R" and repo.id == number:
            return Node("Repository", repo)
        for issue in repo.issues.values():
            if (found := _in_issue(issue, prefix, number)) is not None:
                return found
    for account in context.call.hub.world.accounts.values():
        if prefix in ("U", "BOT", "O") and account.id == number:
            return Node(account.type, account)
    raise ApiError(404, f"Could not resolve to a node with the global id of '{identifier}'")


def found(context: Context, identifier: str, *kinds: str) -> Any:
    """Return the value a node id names, of one of these types.

    Raises ApiError 404.
    """
    node = find(context, identifier)
    if node.type not in kinds:
        raise ApiError(404, f"Could not resolve to {kinds[0]} node with the global id of '{identifier}'.")
    return node.value


def _in_issue(issue: Issue, prefix: str, number: int) -> Node | None:
    if prefix in ("I", "PR"):
        return issue_node(issue) if issue.id == number else None
    if prefix == "IC":
        return next((Node("IssueComment", each) for each in issue.comments if each.id == number), None)
    if issue.pull is None:
        return None
    if prefix == "PRRT":
        return next((Node("PullRequestReviewThread", t) for t in issue.pull.threads if t.id == number), None)
    if prefix == "PRR":
        return next((Node("PullRequestReview", each) for each in issue.pull.reviews if each.id == number), None)
    comments = issue.pull.review_comments if prefix == "PRRC" else []
    return next((Node("PullRequestReviewComment", each) for each in comments if each.id == number), None)
