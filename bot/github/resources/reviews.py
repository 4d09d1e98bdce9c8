"""Post reviews once; a comment that GitHub refuses takes no other along."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.github.api.client import Client, within
from bot.github.api.errors import GitHubError, Invalid
from bot.github.api.transport import ONCE, RequestOptions
from bot.github.resources.effects import once
from bot.github.resources.threads import ACTOR
from bot.github.text.anchors import Anchor
from bot.github.text.diffs import Side
from bot.github.text.markers import MAX_BODY, Marker, carries, with_marker
from bot.types import JsonModel, Repository

Event = Literal["COMMENT", "REQUEST_CHANGES", "APPROVE"]

_SUBMIT = RequestOptions(notifies=True, repeatable=False)
_STATE = f"""
query($owner: String!, $name: String!, $number: Int!) {{
  repository(owner: $owner, name: $name) {{ pullRequest(number: $number) {{
    headRefOid baseRefName state {ACTOR} reviews(last: 100) {{ nodes {{ fullDatabaseId url body {ACTOR} }} }}
  }} }}
}}"""
_ADD = """
mutation($input: AddPullRequestReviewThreadInput!) {
  addPullRequestReviewThread(input: $input) { thread { id line subjectType } }
}"""
_REVIEWS = "/repos/{owner}/{repo}/pulls/{number}/reviews"


class Overtaken(GitHubError):
    """The pull request has another head now, or is closed.

    Nothing was posted. ``details``: ``head``, ``state``.
    """


class ReviewComment(JsonModel):
    """A comment at a place of the diff (:class:`.text.anchors.Anchor`)."""

    path: str
    body: str  # cut at 65,536 characters
    line: int | None = None  # None: the whole file
    side: Side = "RIGHT"
    start_line: int | None = None
    start_side: Side | None = None

    @classmethod
    def at(cls, anchor: Anchor, body: str) -> ReviewComment:
        """Return a comment at a place."""
        return cls(body=body, **anchor.model_dump())


class PostedReview(JsonModel):
    """A review as it was posted; ``refused`` by GitHub: say these elsewhere."""

    id: int
    html_url: str
    refused: tuple[ReviewComment, ...] = ()


async def create_review(
    client: Client,
    repository: Repository,
    number: int,
    head_sha: str,
    body: str,
    comments: Sequence[ReviewComment],
    event: Event,
    *,
    marker: Marker,
    bot_id: int,
    base_branch: str | None = None,
) -> PostedReview:
    """Post a review once.

    One that carries the marker is found and returned as it is, also on an older head. Usually two calls: one looks for
    it and at the pull request, one posts all. A verdict on our own pull request becomes a COMMENT. Raises
    :class:`Overtaken` where the head is no longer ``head_sha``, the base not ``base_branch`` (None: any), or the pull
    request not open.
    """
    reviewer = _Reviewer(client, repository, number, bot_id)
    review = {"commit_id": head_sha, "body": with_marker(body, marker), "event": event}

    async def find() -> PostedReview | None:
        state = await reviewer.state()
        for node in state["reviews"]["nodes"]:
            if carries(node["body"], marker, author_id=(node["author"] or {}).get("databaseId"), bot_id=bot_id):
                return await reviewer.known(node, comments)
        moved = (state["headRefOid"], state["state"]) != (head_sha, "OPEN")
        if moved or base_branch not in {None, state["baseRefName"]}:
            raise _make_overtaken(state, head_sha)
        return None

    async def make() -> PostedReview:
        return await reviewer.post(review, comments)

    try:
        return await once(find, make)
    except Invalid:
        await find()  # a push in between is the likeliest reason
        raise


async def comments_of(client: Client, repository: Repository, number: int, review_id: int) -> tuple[int, ...]:
    """Return the ids of a review's comments."""
    return tuple([item["id"] async for item in _comments_of(client, repository, number, review_id)])


def _comments_of(client: Client, repository: Repository, number: int, review_id: int) -> AsyncIterator[Any]:
    url = f"{_REVIEWS}/{{id}}/comments?per_page=100"
    return client.items(url, within(repository, number=number, id=review_id))


@dataclass(frozen=True)
class _Reviewer:
    """Review calls on one pull request, made as our bot."""

    client: Client
    repository: Repository
    number: int
    bot_id: int

    async def state(self) -> Any:
        asked = {"owner": self.repository.owner, "name": self.repository.name, "number": self.number}
        return (await self.client.graphql(_STATE, asked))["repository"]["pullRequest"]

    async def known(self, node: Any, comments: Sequence[ReviewComment]) -> PostedReview:
        """Return a review that is there; what it lacks was refused then."""
        review_id = int(node["fullDatabaseId"])
        items = _comments_of(self.client, self.repository, self.number, review_id)
        kept = {(item["path"], item["body"].strip()) async for item in items}
        refused = tuple(each for each in comments if (each.path, _cut(each.body).strip()) not in kept)
        return PostedReview(id=review_id, html_url=node["url"], refused=refused)

    async def post(self, review: dict[str, Any], comments: Sequence[ReviewComment]) -> PostedReview:
        """Post a review at once, or comment by comment where one is refused."""
        if all(each.line is not None for each in comments):
            try:
                rows = [each.model_dump(exclude_none=True) | {"body": _cut(each.body)} for each in comments]
                return _parse_review(await self._send(_REVIEWS, {**review, "comments": rows}))
            except Invalid:
                if not comments:
                    raise
        return await self._piece_by_piece(review, comments)

    async def _piece_by_piece(self, review: dict[str, Any], comments: Sequence[ReviewComment]) -> PostedReview:
        """Post a pending review, its threads, its verdict: one notification."""
        begun = await self._send(_REVIEWS, {"commit_id": review["commit_id"]}, ONCE)
        refused = [each for each in comments if not await self._add(begun["node_id"], each)]
        verdict = {"event": review["event"], "body": review["body"]}
        done = await self._send(f"{_REVIEWS}/{{id}}/events", verdict, id=begun["id"])
        return _parse_review(done, tuple(refused))

    async def _add(self, review: str, comment: ReviewComment) -> bool:
        """Add a comment; False (null or an error) for a place off the diff."""
        given: dict[str, Any] = {"pullRequestReviewId": review, "path": comment.path, "body": _cut(comment.body)}
        if comment.line is None:
            given["subjectType"] = "FILE"
        else:
            given |= {"line": comment.line, "side": comment.side}
        if comment.start_line:
            given |= {"startLine": comment.start_line, "startSide": comment.start_side}
        try:
            data = await self.client.graphql(_ADD, {"input": given}, options=ONCE)
        except Invalid:
            return False
        thread = data["addPullRequestReviewThread"]["thread"]
        return thread is not None and (comment.line is None or thread["line"] is not None)

    async def _send(self, url: str, data: dict[str, Any], options: RequestOptions = _SUBMIT, **more: Any) -> Any:
        """Send a review, once more after what can be put right."""
        # That is a pending review of ours, left by a crash, or a verdict on our own pull request.
        try:
            return await self.client.post(url, self._within(**more), data, options=options)
        except Invalid as error:
            if "pending review" in error.message:
                await self._drop_pending()
            elif "own pull request" in error.message:
                data = {**data, "event": "COMMENT"}
            else:
                raise
        return await self.client.post(url, self._within(**more), data, options=options)

    async def _drop_pending(self) -> None:
        async for item in self.client.items(f"{_REVIEWS}?per_page=100", self._within()):
            if item["state"] == "PENDING" and (item["user"] or {}).get("id") == self.bot_id:
                await self.client.delete(f"{_REVIEWS}/{{id}}", self._within(id=item["id"]))

    def _within(self, **more: Any) -> dict[str, Any]:
        return within(self.repository, number=self.number, **more)


def _cut(body: str) -> str:
    return body[:MAX_BODY]


def _parse_review(data: Any, refused: tuple[ReviewComment, ...] = ()) -> PostedReview:
    return PostedReview(id=data["id"], html_url=data["html_url"], refused=refused)


def _make_overtaken(state: Any, head_sha: str) -> Overtaken:
    head = state["headRefOid"]
    status = state["state"].lower()
    what = f"its base is now {state['baseRefName']}"
    if head != head_sha:
        what = f"its head is now {head[:7]}, not {head_sha[:7]}"
    elif status != "open":
        what = f"it is {status} now"
    return Overtaken(f"The review was not posted: {what}. Ask again with /review.", head=head, state=status)
