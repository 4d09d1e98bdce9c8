"""Reactions by GraphQL, which can also react to the body of a review."""

from __future__ import annotations

from typing import Any

from simhub.errors import ApiError
from simhub.graphql.execute import Context, Node
from simhub.graphql.lookup import found
from simhub.model import Comment, Issue, Pull, Reaction, Review, ReviewComment
from simhub.resources import reactions

CONTENTS = {"+1": "THUMBS_UP", "-1": "THUMBS_DOWN", "laugh": "LAUGH", "hooray": "HOORAY", "confused": "CONFUSED",
            "heart": "HEART", "rocket": "ROCKET", "eyes": "EYES"}  # fmt: skip
_KINDS = ("PullRequestReview", "PullRequestReviewComment", "IssueComment", "Issue", "PullRequest")
Subject = Issue | Pull | Comment | Review | ReviewComment


async def add_reaction(context: Context, _: Any, given: dict[str, Any]) -> Node:
    """One that is there already stays the only one."""
    wanted = given["input"]
    subject: Subject = found(context, wanted["subjectId"], *_KINDS)
    value = subject.issue if isinstance(subject, Pull) else subject
    needs = "pull_requests:write" if isinstance(value, Review | ReviewComment) else "issues:write|pull_requests:write"
    context.demand(_issue(value).repository, needs, "read", reading=False)
    context.call.check_lock(_issue(value), reactions.lock_refusal())
    content = next((rest for rest, name in CONTENTS.items() if name == wanted["content"]), None)
    if content is None:
        raise ApiError(422, f"{wanted['content']} is no reaction; there are {', '.join(CONTENTS.values())}.")
    hub, user = context.call.hub, context.call.user
    present = next((each for each in value.reactions if each.user is user and each.content == content), None)
    if present is None:
        present = Reaction(hub.world.new_id(), user, content, hub.world.now())
        value.reactions.append(present)
    return Node("AddReactionPayload", present)


def _issue(value: Issue | Comment | Review | ReviewComment) -> Issue:
    if isinstance(value, Comment):
        return value.issue
    if isinstance(value, ReviewComment):
        return value.thread.pull.issue
    return value.pull.issue if isinstance(value, Review) else value


TYPES: dict[str, dict[str, Any]] = {
    "AddReactionPayload": {
        "reaction": lambda c, v: Node("Reaction", v),
        "clientMutationId": lambda c, v: None,
    },
    "Reaction": {
        "databaseId": lambda c, v: v.id,
        "content": lambda c, v: CONTENTS[v.content],
        "user": lambda c, v: Node("User", v.user),
    },
}
