"""Issues and the comments under them (those of pull requests too). Times are ISO 8601 in UTC, as GitHub gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any, Literal

from bot.github.api.client import Client, within
from bot.github.api.errors import GitHubDown, Transferred
from bot.github.api.pacer import Urgency
from bot.github.api.transport import RequestOptions
from bot.github.resources.effects import once
from bot.github.text.markers import Marker, carries, with_marker
from bot.types import Actor, JsonModel, Repository

Reaction = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]
_POST = RequestOptions(notifies=True, repeatable=False)
_REACT = RequestOptions(urgency=Urgency.ACKNOWLEDGE)
PROGRESS = RequestOptions(urgency=Urgency.PROGRESS)
FINAL = RequestOptions(urgency=Urgency.FINAL)


class Issue(JsonModel):
    """An issue, or a pull request seen as one (``is_pull``)."""

    number: int
    title: str
    body: str
    state: str
    author: str
    author_id: int | None
    author_type: str
    labels: tuple[str, ...]
    created_at: str
    updated_at: str
    html_url: str
    locked: bool
    is_pull: bool


class IssueComment(JsonModel):
    """A comment; ``author`` is ``ghost`` where the account is gone."""

    id: int
    body: str
    author: str
    author_id: int | None
    author_type: str
    created_at: str
    updated_at: str
    html_url: str


async def get_issue(client: Client, repository: Repository, number: int) -> Issue:
    """Return an issue; NotFound where it was deleted or transferred away."""
    data = await client.get("/repos/{owner}/{repo}/issues/{number}", within(repository, number=number))
    if data["number"] != number:
        raise Transferred(f"{repository.full_name}#{number} is another issue now; nothing is done there.")
    return Issue(
        number=data["number"],
        title=data.get("title") or "",
        body=data.get("body") or "",
        state=data.get("state") or "open",
        labels=tuple(
            label if isinstance(label, str) else label.get("name") or "" for label in data.get("labels") or ()
        ),
        created_at=data.get("created_at") or "",
        updated_at=data.get("updated_at") or "",
        html_url=data.get("html_url") or "",
        locked=bool(data.get("locked")),
        is_pull="pull_request" in data,
        **_author(data),
    )


async def ensure_issue(
    client: Client, repository: Repository, title: str, body: str, *, marker: Marker, bot: Actor
) -> int:
    """Open an issue once, and return its number.

    One of ours that carries the marker is found, open or closed, whatever people made of its text above that.
    """

    async def find() -> int | None:
        return await find_issue(client, repository, marker=marker, bot=bot)

    async def make() -> int:
        data = {"title": title, "body": with_marker(body, marker)}
        made = await client.post("/repos/{owner}/{repo}/issues", within(repository), data, options=_POST)
        return int(made["number"])

    return await once(find, make)


async def find_issue(client: Client, repository: Repository, *, marker: Marker, bot: Actor) -> int | None:
    """Find the issue that our own bot opened with this marker, open or closed."""
    url = "/repos/{owner}/{repo}/issues{?creator,state,per_page}"
    wanted = within(repository, creator=bot.login, state="all", per_page=100)
    async for item in client.items(url, wanted):
        author = (item.get("user") or {}).get("id")
        if carries(item.get("body"), marker, author_id=author, bot_id=bot.id):
            return int(item["number"])
    return None


async def update_issue(
    client: Client, repository: Repository, number: int, data: Mapping[str, str], *, marker: Marker
) -> None:
    """Change an issue of ours; its body keeps the marker."""
    url = "/repos/{owner}/{repo}/issues/{number}"
    body = {"body": with_marker(data["body"], marker)} if "body" in data else {}
    await client.patch(url, within(repository, number=number), {**data, **body}, options=FINAL)


async def list_comments(client: Client, repository: Repository, number: int) -> list[IssueComment]:
    """Return all comments, oldest first."""
    return [comment async for comment in _comments(client, repository, number)]


async def find_comment(
    client: Client, repository: Repository, number: int, marker: Marker, bot_id: int
) -> IssueComment | None:
    """Find the comment that our own bot wrote with this marker."""
    async for comment in _comments(client, repository, number):
        if carries(comment.body, marker, author_id=comment.author_id, bot_id=bot_id):
            return comment
    return None


async def ensure_comment(
    client: Client,
    repository: Repository,
    number: int,
    body: str,
    *,
    marker: Marker,
    bot_id: int,
    fresh: bool = False,
) -> IssueComment:
    """Post a comment once.

    One that carries the marker is found and returned as it is, whatever its text. ``fresh``: the caller knows that this
    is the first try, so nobody looks before it.
    """

    async def find() -> IssueComment | None:
        return await find_comment(client, repository, number, marker, bot_id)

    async def make() -> IssueComment:
        url = "/repos/{owner}/{repo}/issues/{number}/comments"
        data = {"body": with_marker(body, marker)}
        return parse_comment(await client.post(url, within(repository, number=number), data, options=_POST))

    if fresh:
        with suppress(GitHubDown):
            return await make()
    return await once(find, make)


async def update_comment(
    client: Client,
    repository: Repository,
    comment_id: int,
    body: str,
    *,
    marker: Marker | None = None,
    options: RequestOptions = PROGRESS,
) -> IssueComment:
    """Replace a comment's text; progress may raise ProgressDropped."""
    url = "/repos/{owner}/{repo}/issues/comments/{id}"
    text = with_marker(body, marker) if marker else body
    return parse_comment(await client.patch(url, within(repository, id=comment_id), {"body": text}, options=options))


def parse_comment(data: Any) -> IssueComment:
    """Parse a comment of REST, of a review's thread as well."""
    return IssueComment(
        id=data["id"],
        body=data.get("body") or "",
        created_at=data.get("created_at") or "",
        updated_at=data.get("updated_at") or data.get("created_at") or "",
        html_url=data.get("html_url") or "",
        **_author(data),
    )


async def react_to_issue(client: Client, repository: Repository, number: int, content: Reaction) -> None:
    """Add a reaction; one that is there already stays the only one."""
    url = "/repos/{owner}/{repo}/issues/{number}/reactions"
    await client.post(url, within(repository, number=number), {"content": content}, options=_REACT)


async def react_to_comment(client: Client, repository: Repository, comment_id: int, content: Reaction) -> None:
    """Add a reaction to an issue comment."""
    url = "/repos/{owner}/{repo}/issues/comments/{id}/reactions"
    await client.post(url, within(repository, id=comment_id), {"content": content}, options=_REACT)


async def _comments(client: Client, repository: Repository, number: int) -> AsyncIterator[IssueComment]:
    url = "/repos/{owner}/{repo}/issues/{number}/comments?per_page=100"
    async for item in client.items(url, within(repository, number=number)):
        yield parse_comment(item)


def _author(data: Any) -> dict[str, Any]:
    user = data.get("user") or {}
    return {
        "author": user.get("login") or "ghost",
        "author_id": user.get("id"),
        "author_type": user.get("type") or "User",
    }
