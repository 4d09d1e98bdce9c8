"""React and answer where somebody wrote something."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from bot.github.api.client import Client, within
from bot.github.api.errors import NotFound
from bot.github.api.pacer import Urgency
from bot.github.api.transport import RequestOptions
from bot.github.resources import issues
from bot.github.resources.effects import once
from bot.github.resources.issues import IssueComment, Reaction
from bot.github.text.markers import Marker, carries, with_marker
from bot.types import JsonModel, Repository

_NAMES = {"+1": "THUMBS_UP", "-1": "THUMBS_DOWN"}
_REACT = RequestOptions(urgency=Urgency.ACKNOWLEDGE)
# REST cannot react to the body of a review.
_ADD = """
mutation($id: ID!, $content: ReactionContent!) {
  addReaction(input: {subjectId: $id, content: $content}) { reaction { content } }
}"""
_REPLY = RequestOptions(notifies=True, repeatable=False)


class ReplyTarget(JsonModel):
    """A text that can be answered, on an issue or pull request."""

    kind: Literal["body", "comment", "review", "review comment"]
    number: int
    id: int | None = None  # the comment's or review's, None for the body of ``number``
    root: int | None = None  # the first comment of a review comment's thread
    node: str | None = None  # GraphQL's id of a review

    @property
    def permissions(self) -> dict[str, str]:
        """Return what reacting and answering here needs."""
        names = {"review comment": ("pull_requests",), "review": ("pull_requests", "issues")}.get(
            self.kind, ("issues",)
        )
        return {"metadata": "read", **dict.fromkeys(names, "write")}


class Lines(JsonModel):
    """The lines of a thread; no ``line``: it is outdated or about a file."""

    path: str
    line: int | None
    start_line: int | None
    side: Literal["LEFT", "RIGHT"]
    hunk: str
    commit: str


class ReviewThread(NamedTuple):
    """Thread on lines of a diff: where to answer, and the lines."""

    spot: ReplyTarget
    lines: Lines


async def react(client: Client, repository: Repository, spot: ReplyTarget, content: Reaction) -> None:
    """Add a reaction to the text itself."""
    if spot.kind == "comment" and spot.id is not None:
        await issues.react_to_comment(client, repository, spot.id, content)
    elif spot.kind == "review comment" and spot.id is not None:
        url = "/repos/{owner}/{repo}/pulls/comments/{id}/reactions"
        await client.post(url, within(repository, id=spot.id), {"content": content}, options=_REACT)
    elif spot.kind == "review" and spot.node is not None:
        await client.graphql(_ADD, {"id": spot.node, "content": _NAMES.get(content, content.upper())}, options=_REACT)
    else:
        await issues.react_to_issue(client, repository, spot.number, content)


async def answer(
    client: Client, repository: Repository, spot: ReplyTarget, body: str, *, marker: Marker, bot_id: int
) -> int:
    """Answer a marker once, in the thread or below; return the answer's id.

    The answer stands below too where the thread's first comment was deleted: GitHub lets nobody reply to that.
    """
    if spot.root is not None:
        with suppress(NotFound):
            return await answer_thread(client, repository, spot, body, marker=marker, bot_id=bot_id)
    comment = await issues.ensure_comment(client, repository, spot.number, body, marker=marker, bot_id=bot_id)
    return comment.id


async def answer_thread(
    client: Client, repository: Repository, spot: ReplyTarget, body: str, *, marker: Marker, bot_id: int
) -> int:
    """Answer a marker once in a thread; NotFound where that was deleted."""

    async def find() -> int | None:
        told = await conversation(client, repository, spot)
        ours = (one for one in told if carries(one.body, marker, author_id=one.author_id, bot_id=bot_id))
        return next((one.id for one in ours), None)

    async def make() -> int:
        url = "/repos/{owner}/{repo}/pulls/{number}/comments/{root}/replies"
        variables = within(repository, number=spot.number, root=spot.root)
        return int((await client.post(url, variables, {"body": with_marker(body, marker)}, options=_REPLY))["id"])

    return await once(find, make)


async def conversation(client: Client, repository: Repository, spot: ReplyTarget) -> list[IssueComment]:
    """Return what others said in the thread, or below, oldest first."""
    if spot.root is None:
        found = await issues.list_comments(client, repository, spot.number)
    else:
        url = "/repos/{owner}/{repo}/pulls/{number}/comments?per_page=100"
        thread = [item async for item in client.items(url, within(repository, number=spot.number))]
        found = [issues.parse_comment(item) for item in thread if spot.root in (item["id"], item.get("in_reply_to_id"))]
    return [comment for comment in found if comment.id != spot.id or spot.kind not in {"comment", "review comment"}]


async def find_thread(client: Client, repository: Repository, number: int, comment: int) -> ReviewThread | None:
    """Find a review comment's thread; None if it is not of the pull request."""
    url = "/repos/{owner}/{repo}/pulls/comments/{comment}"
    try:
        item = await client.get(url, within(repository, comment=comment))
    except NotFound:
        return None
    if not str(item.get("pull_request_url")).endswith(f"/pulls/{number}"):
        return None
    root = item.get("in_reply_to_id") or item["id"]
    return ReviewThread(ReplyTarget(kind="review comment", number=number, root=root), parse_lines(item))


def parse_lines(item: Mapping[str, Any]) -> Lines:
    """Read the lines that a review comment is about."""

    def text(key: str) -> str:
        value = item.get(key)
        return value if isinstance(value, str) else ""

    def line(key: str) -> int | None:
        value = item.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    return Lines(
        path=text("path"),
        line=line("line"),
        start_line=line("start_line"),
        side="LEFT" if item.get("side") == "LEFT" else "RIGHT",
        hunk=text("diff_hunk"),
        commit=text("commit_id"),
    )
