"""Reviews and review comments, all or nothing, with every refusal GitHub has for them."""

from __future__ import annotations

from typing import Any

from simhub import anchors, pull_shapes, threads
from simhub.actor import has_role
from simhub.call import BODY_LIMIT, Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found
from simhub.gitrepo import FileChange
from simhub.model import Anchor, Pull, Review, ReviewComment, Thread
from simhub.resources.issues import checked_body

_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
_DOCS = "https://docs.github.com/rest/pulls/reviews#create-a-review-for-a-pull-request"


def refused(*errors: str) -> ApiError:
    """422 as only the reviews endpoint answers it: the errors are bare strings."""
    return ApiError(422, "Unprocessable Entity", errors, docs=_DOCS)


def _shape(call: Call, review: Review) -> dict[str, Any]:
    return pull_shapes.review(call.hub, review)


def _visible(call: Call, review: Review) -> bool:
    return review.state != "PENDING" or review.user is call.actor.account


@routes.add("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews", needs="pull_requests:read")
async def list_reviews(call: Call) -> Any:
    items = [review for review in call.pull().reviews if _visible(call, review)]
    return [_shape(call, review) for review in call.page(items)]


@routes.add("POST", "/repos/{owner}/{repo}/pulls/{number}/reviews", needs="pull_requests:write", role="read")
async def create_review(call: Call) -> Any:
    pull = call.pull()
    event = call.text("event")
    body = call.text("body", "") or ""
    comments = call.body.get("comments") or []
    if not isinstance(comments, list):
        raise ApiError(422, "Invalid request.\n\nFor 'properties/comments', value is not an array.")
    _check_verdict(call, pull, event, body, has_comments=bool(comments))
    commit = await _commit_id(call, pull)
    placed = await _place(call, pull, commit, comments)
    review = Review(call.hub.world.new_id(), pull, call.user, body, "PENDING", commit, None, call.actor.acting_app)
    pull.reviews.append(review)
    for anchor, text in placed:
        await _begin(call, review, anchor, text)
    if event:
        await _submit(call, review, event)
    return _shape(call, review)


def _check_verdict(call: Call, pull: Pull, event: str | None, body: str, has_comments: bool) -> None:
    if event is not None and event not in _STATES:
        known = ", ".join(f'"{name}"' for name in _STATES)
        raise ApiError(422, f"Invalid request.\n\n{event} is not a member of [{known}].")
    if len(body) > BODY_LIMIT:
        raise refused(f"Body is too long (maximum is {BODY_LIMIT} characters)")
    if pull.issue.user is call.user and event in ("APPROVE", "REQUEST_CHANGES"):
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise refused(f"Can not {verb} your own pull request")
    if (event == "REQUEST_CHANGES" and not body) or (event == "COMMENT" and not body and not has_comments):
        raise refused("Body can't be blank")
    call.check_lock(pull.issue, refused("lock prevents review"))
    if any(review.user is call.user and review.state == "PENDING" for review in pull.reviews):
        raise refused("User can only have one pending review per pull request")


async def _commit_id(call: Call, pull: Pull) -> str:
    wanted = call.text("commit_id") or pull.head_sha
    if not await call.git.resolve(wanted) or not await call.git.is_ancestor(wanted, pull.head_sha):
        raise refused("Commit could not be resolved")
    return wanted


async def _changes(call: Call, pull: Pull, commit: str) -> list[FileChange]:
    base = await call.git.merge_base(await pull_shapes.merge_base(pull), commit) or pull.base_sha
    return await call.git.changes(base, commit)


async def _place(call: Call, pull: Pull, commit: str, comments: list[Any]) -> list[tuple[Anchor, str]]:
    """Anchor every comment before anything is kept; one bad one refuses them all."""
    if not comments:
        return []
    changes = await _changes(call, pull, commit)
    placed = []
    for item in comments:
        text = item.get("body")
        if not isinstance(text, str) or not text.strip():
            raise refused("Pull request review comment body can't be blank")
        if len(text) > BODY_LIMIT:
            raise refused(f"Pull request review comment body is too long (maximum is {BODY_LIMIT} characters)")
        try:
            anchor = anchors.resolve(
                changes, str(item.get("path")), item.get("line"), item.get("side") or "RIGHT", item.get("start_line"),
                item.get("start_side"), item.get("position"),
            )  # fmt: skip
        except anchors.AnchorError as error:
            raise refused(str(error)) from None
        placed.append((anchor, text))
    return placed


async def _begin(call: Call, review: Review, anchor: Anchor, text: str) -> ReviewComment:
    """Begin a thread with its first comment."""
    pull = review.pull
    thread = Thread(call.hub.world.new_id(), pull, anchor, review.commit_id, anchor)
    if review.commit_id != pull.head_sha:
        await threads.follow(pull, [thread])
    pull.threads.append(thread)
    return _write(call, thread, review, text)


async def add_thread(call: Call, review: Review, wanted: dict[str, Any]) -> Thread | None:
    """One more thread in a pending review, as only GraphQL can. None, and nothing kept, for a place off the diff."""
    text = checked_body(wanted.get("body"), "PullRequestReviewThread") or ""
    try:
        anchor = anchors.resolve(
            await _changes(call, review.pull, review.commit_id), wanted["path"], wanted.get("line"),
            wanted.get("side") or "RIGHT", wanted.get("start_line"), wanted.get("start_side"),
            whole_file=wanted.get("subject_type") == "FILE",
        )  # fmt: skip
    except anchors.AnchorError:
        return None
    return (await _begin(call, review, anchor, text)).thread


def _write(call: Call, thread: Thread, review: Review, text: str, reply_to: int | None = None) -> ReviewComment:
    now = call.hub.world.now()
    comment = ReviewComment(call.hub.world.new_id(), thread, review, call.user, text, now, now, reply_to)
    thread.comments.append(comment)
    return comment


async def _submit(call: Call, review: Review, event: str) -> None:
    review.state = _STATES[event]
    review.submitted_at = call.hub.world.now()
    if review.user in review.pull.reviewers:
        review.pull.reviewers.remove(review.user)
    await _emit_review(call, review, "submitted")
    for comment in review.pull.review_comments:
        if comment.review is review:
            await _emit_comment(call, comment, "created")


async def _emit_review(call: Call, review: Review, action: str) -> None:
    shape = _shape(call, review)
    payload = {
        "action": action,
        "review": shape | {"state": shape["state"].lower()},
        "pull_request": pull_shapes.pull_simple(call.hub, review.pull),
    }
    call.hub.webhooks.emit("pull_request_review", payload, call.repo, call.user)


async def _emit_comment(call: Call, comment: ReviewComment, action: str, **extra: Any) -> None:
    payload = {
        "action": action,
        "comment": pull_shapes.review_comment(call.hub, comment),
        "pull_request": pull_shapes.pull_simple(call.hub, comment.thread.pull),
        **extra,
    }
    call.hub.webhooks.emit("pull_request_review_comment", payload, call.repo, call.user)


def _review(call: Call) -> Review:
    found = next((r for r in call.pull().reviews if str(r.id) == call.params["id"] and _visible(call, r)), None)
    if found is None:
        raise not_found()
    return found


_ONE = "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}"


@routes.add("GET", _ONE, needs="pull_requests:read")
async def get_review(call: Call) -> Any:
    return _shape(call, _review(call))


@routes.add("PUT", _ONE, needs="pull_requests:write", role="read")
async def edit_review(call: Call) -> Any:
    review = _review(call)
    if review.user is not call.user:
        raise ApiError(403, "Must have admin rights to Repository.")
    review.body = call.required("body")
    await _emit_review(call, review, "edited")
    return _shape(call, review)


@routes.add("DELETE", _ONE, needs="pull_requests:write", role="read")
async def delete_pending(call: Call) -> Any:
    review = _review(call)
    if review.state != "PENDING":
        raise refused("Can not delete a non-pending pull request review")
    review.pull.reviews.remove(review)
    review.pull.threads = [t for t in review.pull.threads if t.comments[0].review is not review]
    return _shape(call, review)


@routes.add("POST", f"{_ONE}/events", needs="pull_requests:write", role="read")
async def submit_review(call: Call) -> Any:
    review = _review(call)
    event = call.required("event")
    if review.state != "PENDING":
        raise refused("Can not submit a non-pending review")
    review.state = "SUBMITTING"
    try:
        _check_verdict(call, review.pull, event, call.text("body") or review.body, has_comments=True)
    finally:
        review.state = "PENDING"
    review.body = call.text("body") or review.body
    await _submit(call, review, event)
    return _shape(call, review)


@routes.add("PUT", f"{_ONE}/dismissals", needs="pull_requests:write")
async def dismiss_review(call: Call) -> Any:
    review = _review(call)
    call.required("message")
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise refused("Can not dismiss a commented pull request review")
    review.state = "DISMISSED"
    await _emit_review(call, review, "dismissed")
    return _shape(call, review)


@routes.add("GET", f"{_ONE}/comments", needs="pull_requests:read")
async def comments_of_review(call: Call) -> Any:
    review = _review(call)
    items = [comment for comment in review.pull.review_comments if comment.review is review]
    return [pull_shapes.review_comment(call.hub, item) for item in call.page(items)]


@routes.add("GET", "/repos/{owner}/{repo}/pulls/{number}/comments", needs="pull_requests:read")
async def list_comments(call: Call) -> Any:
    items = [comment for comment in call.pull().review_comments if _visible(call, comment.review)]
    items.sort(key=lambda item: item.id, reverse=call.query.get("direction") == "desc")
    return [pull_shapes.review_comment(call.hub, item) for item in call.page(items)]


@routes.add("POST", "/repos/{owner}/{repo}/pulls/{number}/comments", needs="pull_requests:write", role="read")
async def create_comment(call: Call) -> Any:
    pull = call.pull()
    text = checked_body(call.required("body"), "PullRequestReviewComment") or ""
    call.check_lock(pull.issue)
    if isinstance(call.body.get("in_reply_to"), int):
        return await _reply(call, pull, call.body["in_reply_to"], text)
    commit = call.required("commit_id")
    path = call.required("path")
    known = await call.git.resolve(commit)
    if not known or not await call.git.is_ancestor(known, pull.head_sha):
        raise invalid("PullRequestReviewComment", "commit_id", "custom", "commit_id is not part of the pull request")
    try:
        anchor = anchors.resolve(
            await _changes(call, pull, commit), path, call.body.get("line"), call.text("side", "RIGHT") or "RIGHT",
            call.body.get("start_line"), call.text("start_side"), call.body.get("position"),
            whole_file=call.text("subject_type") == "file",
        )  # fmt: skip
    except anchors.AnchorError as error:
        raise _bad_anchor(error) from None
    now = call.hub.world.now()
    review = Review(
        call.hub.world.new_id(), pull, call.user, "", "COMMENTED", commit, now, call.actor.acting_app
    )  # fmt: skip
    pull.reviews.append(review)
    comment = await _begin(call, review, anchor, text)
    await _emit_review(call, review, "submitted")
    await _emit_comment(call, comment, "created")
    return Answer(pull_shapes.review_comment(call.hub, comment), 201)


def _bad_anchor(error: anchors.AnchorError) -> ApiError:
    words = {"line": "must be part of the diff", "path": "is invalid"}.get(error.field)
    field = f"pull_request_review_thread.{error.field}"
    tail = words or str(error).partition("thread start line ")[2]
    return invalid("PullRequestReviewComment", field, "custom", f"{field} {tail}")


@routes.add(
    "POST", "/repos/{owner}/{repo}/pulls/{number}/comments/{id}/replies", needs="pull_requests:write", role="read"
)
async def reply(call: Call) -> Any:
    text = checked_body(call.required("body"), "PullRequestReviewComment") or ""
    return await _reply(call, call.pull(), int(call.params["id"]), text)


async def _reply(call: Call, pull: Pull, target: int, text: str) -> Answer:
    call.check_lock(pull.issue)
    for thread in pull.threads:
        if any(comment.id == target for comment in thread.comments):
            now = call.hub.world.now()
            review = Review(
                call.hub.world.new_id(), pull, call.user, "", "COMMENTED", pull.head_sha, now, call.actor.acting_app
            )  # fmt: skip
            pull.reviews.append(review)
            comment = _write(call, thread, review, text, thread.comments[0].id)
            await _emit_review(call, review, "submitted")
            await _emit_comment(call, comment, "created")
            return Answer(pull_shapes.review_comment(call.hub, comment), 201)
    raise not_found()


_COMMENT = "/repos/{owner}/{repo}/pulls/comments/{id}"


def _comment(call: Call) -> ReviewComment:
    for pull in call.repo.pulls:
        for comment in pull.review_comments:
            if str(comment.id) == call.params["id"] and _visible(call, comment.review):
                return comment
    raise not_found()


@routes.add("GET", "/repos/{owner}/{repo}/pulls/comments", needs="pull_requests:read")
async def repository_comments(call: Call) -> Any:
    items = [item for pull in call.repo.pulls for item in pull.review_comments if _visible(call, item.review)]
    return [pull_shapes.review_comment(call.hub, item) for item in call.page(items)]


@routes.add("GET", _COMMENT, needs="pull_requests:read")
async def get_comment(call: Call) -> Any:
    return pull_shapes.review_comment(call.hub, _comment(call))


def _own(call: Call) -> ReviewComment:
    comment = _comment(call)
    if comment.user is not call.user and not (call.actor.kind == "user" and has_role(call.repo, call.user, "write")):
        raise ApiError(403, "Resource not accessible by integration")
    return comment


@routes.add("PATCH", _COMMENT, needs="pull_requests:write", role="read")
async def patch_comment(call: Call) -> Any:
    comment = _own(call)
    before = comment.body
    comment.body = checked_body(call.required("body"), "PullRequestReviewComment") or ""
    comment.updated_at = call.hub.world.now()
    await _emit_comment(call, comment, "edited", changes={"body": {"from": before}})
    return pull_shapes.review_comment(call.hub, comment)


@routes.add("DELETE", _COMMENT, needs="pull_requests:write", role="read")
async def delete_comment(call: Call) -> Any:
    comment = _own(call)
    comment.thread.comments.remove(comment)
    if not comment.thread.comments:
        comment.thread.pull.threads.remove(comment.thread)
    await _emit_comment(call, comment, "deleted")
    return Answer(status=204)
