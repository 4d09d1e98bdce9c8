"""Reviews in GraphQL: review threads and their comments, and what only GraphQL can do with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simhub import pull_shapes
from simhub.errors import ApiError
from simhub.graphql.execute import Connection, Context, Node
from simhub.graphql.lookup import found
from simhub.graphql.schema import actor, authored
from simhub.model import Pull, Review, ReviewComment, Thread, iso, node_id
from simhub.resources import reviews

_VERDICTS = {"APPROVE", "COMMENT", "REQUEST_CHANGES"}
_NAMES = {"startLine": "start_line", "startSide": "start_side", "subjectType": "subject_type"}


def _path(pull: Pull, tail: str) -> str:
    return f"/repos/{pull.repository.full_name}/pulls/{pull.number}/{tail}"


async def _resolve(context: Context, given: dict[str, Any], resolved: bool) -> Node:
    """GitHub wants ``contents: write`` of an App for this, although nothing of the contents changes."""
    thread: Thread = found(context, given["input"]["threadId"], "PullRequestReviewThread")
    repo, hub = thread.pull.repository, context.call.hub
    for needs in ("pull_requests:write", "contents:write"):
        context.demand(repo, needs, "triage", reading=False)
    thread.resolved_by = context.call.user if resolved else None
    payload = {
        "action": "resolved" if resolved else "unresolved",
        "pull_request": pull_shapes.pull_simple(hub, thread.pull),
        "thread": {
            "node_id": given["input"]["threadId"],
            "comments": [pull_shapes.review_comment(hub, each) for each in thread.comments],
        },
    }
    hub.webhooks.emit("pull_request_review_thread", payload, repo, context.call.user)
    return Node("ResolveReviewThreadPayload", thread)


async def _add_review(context: Context, _: Any, given: dict[str, Any]) -> Node:
    wanted = given["input"]
    pull: Pull = found(context, wanted["pullRequestId"], "PullRequest")
    body = {"body": wanted.get("body", ""), "comments": wanted.get("threads") or wanted.get("comments") or []}
    body |= {"event": wanted["event"]} if wanted.get("event") in _VERDICTS else {}
    body |= {"commit_id": wanted["commitOID"]} if wanted.get("commitOID") else {}
    body["comments"] = [_as_rest(each) for each in body["comments"]]
    return await _review(context, pull, "POST", "reviews", body)


def _as_rest(comment: dict[str, Any]) -> dict[str, Any]:
    return {_NAMES.get(name, name): value for name, value in comment.items()}


async def _review(context: Context, pull: Pull, method: str, tail: str, body: dict[str, Any]) -> Node:
    made = await context.rest(method, _path(pull, tail), body)
    return Node("ReviewPayload", next(each for each in pull.reviews if each.id == made["id"]))


async def _submit(context: Context, _: Any, given: dict[str, Any]) -> Node:
    wanted = given["input"]
    review: Review = found(context, wanted["pullRequestReviewId"], "PullRequestReview")
    body = {"event": wanted["event"], "body": wanted.get("body") or ""}
    return await _review(context, review.pull, "POST", f"reviews/{review.id}/events", body)


async def _dismiss(context: Context, _: Any, given: dict[str, Any]) -> Node:
    review: Review = found(context, given["input"]["pullRequestReviewId"], "PullRequestReview")
    body = {"message": given["input"]["message"]}
    return await _review(context, review.pull, "PUT", f"reviews/{review.id}/dismissals", body)


async def _add_thread(context: Context, _: Any, given: dict[str, Any]) -> Node:
    """Add a thread; a place off the diff is no error here.

    The answer's thread is null then, and nothing was kept.
    """
    wanted = given["input"]
    review = await _pending(context, wanted)
    context.demand(review.pull.repository, "pull_requests:write", "read", reading=False)
    call = replace(context.call, repository=review.pull.repository)
    return Node("AddThreadPayload", await reviews.add_thread(call, review, _as_rest(wanted)))


async def _pending(context: Context, wanted: dict[str, Any]) -> Review:
    if "pullRequestReviewId" in wanted:
        review: Review = found(context, wanted["pullRequestReviewId"], "PullRequestReview")
        if review.state != "PENDING" or review.user is not context.call.user:
            raise ApiError(422, "Can not add a thread to a review that is not pending")
        return review
    pull: Pull = found(context, wanted["pullRequestId"], "PullRequest")
    mine = (each for each in pull.reviews if each.user is context.call.user and each.state == "PENDING")
    begun = next(mine, None)
    made: Review = begun or (await _review(context, pull, "POST", "reviews", {})).value
    return made


async def _add_reply(context: Context, _: Any, given: dict[str, Any]) -> Node:
    thread: Thread = found(context, given["input"]["pullRequestReviewThreadId"], "PullRequestReviewThread")
    path = _path(thread.pull, f"comments/{thread.comments[0].id}/replies")
    made = await context.rest("POST", path, {"body": given["input"]["body"]})
    comment: ReviewComment = next(each for each in thread.comments if each.id == made["id"])
    return Node("AddReplyPayload", comment)


async def _update_comment(context: Context, _: Any, given: dict[str, Any]) -> Node:
    wanted = given["input"]
    comment: ReviewComment = found(context, wanted["pullRequestReviewCommentId"], "PullRequestReviewComment")
    path = f"/repos/{comment.thread.pull.repository.full_name}/pulls/comments/{comment.id}"
    await context.rest("PATCH", path, {"body": wanted["body"]})
    return Node("UpdateReviewCommentPayload", comment)


def _comments(context: Context, review: Review) -> Connection:
    mine = [comment for comment in review.pull.review_comments if comment.review is review]
    return Connection("PullRequestReviewComment", mine)


def _answered(comment: ReviewComment) -> Node | None:
    found = next((each for each in comment.thread.comments if each.id == comment.in_reply_to), None)
    return Node("PullRequestReviewComment", found) if found else None


def _head(pull: Pull, sha: str) -> Node:
    return Node("Commit", (pull.repository, sha))


_THREAD: dict[str, Any] = {
    "id": lambda c, t: node_id("PRRT", t.id),
    "isResolved": lambda c, t: t.resolved_by is not None,
    "isOutdated": lambda c, t: t.outdated,
    "isCollapsed": lambda c, t: t.resolved_by is not None or t.outdated,
    "resolvedBy": lambda c, t: actor(t.resolved_by),
    "path": lambda c, t: t.anchor.path,
    "line": lambda c, t: t.place and t.place.line,
    "startLine": lambda c, t: t.place and t.place.start_line,
    "originalLine": lambda c, t: t.anchor.line,
    "originalStartLine": lambda c, t: t.anchor.start_line,
    "diffSide": lambda c, t: t.anchor.side,
    "startDiffSide": lambda c, t: t.anchor.start_side,
    "subjectType": lambda c, t: "LINE" if t.anchor.line else "FILE",
    "viewerCanResolve": lambda c, t: t.resolved_by is None,
    "viewerCanUnresolve": lambda c, t: t.resolved_by is not None,
    "viewerCanReply": lambda c, t: True,
    "comments": lambda c, t: Connection("PullRequestReviewComment", t.comments),
    "pullRequest": lambda c, t: Node("PullRequest", t.pull),
    "repository": lambda c, t: Node("Repository", t.pull.repository),
}


def _of_thread(name: str) -> Any:
    return lambda c, comment: _THREAD[name](c, comment.thread)


_COMMENT: dict[str, Any] = {
    **authored(lambda c, v: pull_shapes.review_comment(c.call.hub, v)["html_url"]),
    "id": lambda c, v: node_id("PRRC", v.id),
    "databaseId": lambda c, v: v.id,
    "fullDatabaseId": lambda c, v: str(v.id),
    **{name: _of_thread(name) for name in ("path", "line", "startLine", "originalLine", "originalStartLine")},
    **{name: _of_thread(name) for name in ("subjectType", "pullRequest", "repository")},
    "diffHunk": lambda c, v: v.thread.anchor.hunk,
    "outdated": lambda c, v: v.thread.outdated,
    "state": lambda c, v: "PENDING" if v.review.state == "PENDING" else "SUBMITTED",
    "replyTo": lambda c, v: _answered(v),
    "pullRequestReview": lambda c, v: Node("PullRequestReview", v.review),
    "commit": lambda c, v: _head(v.thread.pull, v.thread.commit_id if v.thread.outdated else v.thread.pull.head_sha),
    "originalCommit": lambda c, v: _head(v.thread.pull, v.thread.commit_id),
    "publishedAt": lambda c, v: iso(v.review.submitted_at),
    "isMinimized": lambda c, v: v.minimized is not None,
    "minimizedReason": lambda c, v: v.minimized,
}  # fmt: skip
_REVIEW: dict[str, Any] = {
    **authored(lambda c, v: pull_shapes.review(c.call.hub, v)["html_url"]),
    "id": lambda c, v: node_id("PRR", v.id),
    "databaseId": lambda c, v: v.id,
    "fullDatabaseId": lambda c, v: str(v.id),
    "state": lambda c, v: v.state,
    "submittedAt": lambda c, v: iso(v.submitted_at),
    "commit": lambda c, v: _head(v.pull, v.commit_id),
    "comments": _comments,
    "pullRequest": lambda c, v: Node("PullRequest", v.pull),
}

REVIEWS: dict[str, dict[str, Any]] = {
    "PullRequestReview": _REVIEW,
    "PullRequestReviewComment": _COMMENT,
    "PullRequestReviewThread": _THREAD,
    "ResolveReviewThreadPayload": {
        "thread": lambda c, v: Node("PullRequestReviewThread", v),
        "clientMutationId": lambda c, v: None,
    },
    "ReviewPayload": {
        "pullRequestReview": lambda c, v: Node("PullRequestReview", v),
        "clientMutationId": lambda c, v: None,
    },
    "AddThreadPayload": {
        "thread": lambda c, v: Node("PullRequestReviewThread", v) if v else None,
        "clientMutationId": lambda c, v: None,
    },
    "AddReplyPayload": {
        "comment": lambda c, v: Node("PullRequestReviewComment", v),
        "clientMutationId": lambda c, v: None,
    },
    "UpdateReviewCommentPayload": {
        "pullRequestReviewComment": lambda c, v: Node("PullRequestReviewComment", v),
        "clientMutationId": lambda c, v: None,
    },
}
REVIEW_MUTATIONS: dict[str, Any] = {
    "resolveReviewThread": lambda c, _, given: _resolve(c, given, True),
    "unresolveReviewThread": lambda c, _, given: _resolve(c, given, False),
    "addPullRequestReview": _add_review,
    "submitPullRequestReview": _submit,
    "dismissPullRequestReview": _dismiss,
    "addPullRequestReviewThread": _add_thread,
    "addPullRequestReviewThreadReply": _add_reply,
    "updatePullRequestReviewComment": _update_comment,
}
