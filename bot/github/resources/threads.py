"""Read, answer and resolve review threads, which GraphQL alone knows."""

from __future__ import annotations

from typing import Any

from bot.github.api.client import Client
from bot.github.api.errors import GitHubDown
from bot.github.api.transport import REPEATABLE
from bot.github.resources import reply_targets
from bot.github.resources.reply_targets import ReplyTarget
from bot.github.text.diffs import Side
from bot.github.text.markers import Marker
from bot.types import JsonModel, Repository

ACTOR = "author { __typename login ... on User { databaseId } ... on Bot { databaseId } }"
_COMMENTS = f"""pageInfo {{ hasNextPage endCursor }} nodes {{
    fullDatabaseId body createdAt authorAssociation {ACTOR}
    reactions(content: THUMBS_DOWN, first: 20) {{ nodes {{ user {{ login }} }} }}
}}"""
_THREADS = f"""
query($owner: String!, $name: String!, $number: Int!, $size: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{ pullRequest(number: $number) {{
    reviewThreads(first: $size, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        id isResolved isOutdated path line startLine originalLine diffSide resolvedBy {{ login }}
        comments(first: 20) {{ {_COMMENTS} }}
      }}
    }}
  }} }}
}}"""
_MORE_COMMENTS = f"""
query($id: ID!, $after: String) {{
  node(id: $id) {{ ... on PullRequestReviewThread {{ comments(first: 100, after: $after) {{ {_COMMENTS} }} }} }}
}}"""
# Threads asked for at once: fewer where GitHub, which gives a query ten seconds, could not make so many.
_SIZES = (50, 10, 2)
_RESOLVE = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }"

_UNRESOLVE = "mutation($id: ID!) { unresolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }"


class ThreadComment(JsonModel):
    """A comment of a thread."""

    id: int  # as REST has it, and so the login
    body: str
    author: str  # ``name[bot]``; ``ghost`` for a deleted account
    author_id: int | None
    is_bot: bool
    association: str
    dislikers: tuple[str, ...] = ()  # who gave it a thumb down, 20 at most
    created_at: str  # ISO 8601 in UTC


class Thread(JsonModel):
    """A review thread; ``id`` is GraphQL's."""

    id: str
    path: str
    line: int | None  # the last one, in the present head, as ``start_line``; None: outdated, or the whole file
    start_line: int | None
    original_line: int | None  # in the commit it was made on
    side: Side
    resolved: bool
    resolved_by: str | None
    outdated: bool
    comments: tuple[ThreadComment, ...]


async def threads(client: Client, repository: Repository, number: int) -> tuple[Thread, ...]:
    """Return all review threads, oldest first, with all their comments."""
    found: list[Thread] = []
    sizes = list(_SIZES)
    after: str | None = None
    while True:
        asked = {"owner": repository.owner, "name": repository.name, "number": number, "after": after}
        try:
            data = await client.graphql(_THREADS, {**asked, "size": sizes[0]})
        except GitHubDown as error:
            if error.detail("status") is None or len(sizes) == 1:
                raise
            sizes.pop(0)
            continue
        page = data["repository"]["pullRequest"]["reviewThreads"]
        found += [_thread(node, await _comments(client, node)) for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return tuple(found)
        after = page["pageInfo"]["endCursor"]


async def reply(
    client: Client, repository: Repository, number: int, thread: Thread, body: str, *, marker: Marker, bot_id: int
) -> int:
    """Answer below a thread, once for each marker. The answer's id."""
    spot = ReplyTarget(kind="review comment", number=number, root=thread.comments[0].id)
    return await reply_targets.answer_thread(client, repository, spot, body, marker=marker, bot_id=bot_id)


async def resolve(client: Client, thread_id: str) -> None:
    """Mark a thread as resolved.

    Besides ``pull_requests: write`` GitHub wants ``contents: write`` of an App for it.
    """
    await client.graphql(_RESOLVE, {"id": thread_id}, options=REPEATABLE)


async def unresolve(client: Client, thread_id: str) -> None:
    """Open a resolved thread again, with the rights of :func:`resolve`."""
    await client.graphql(_UNRESOLVE, {"id": thread_id}, options=REPEATABLE)


async def _comments(client: Client, thread: Any) -> tuple[ThreadComment, ...]:
    page = thread["comments"]
    found = [_comment(node) for node in page["nodes"]]
    while page["pageInfo"]["hasNextPage"]:
        data = await client.graphql(_MORE_COMMENTS, {"id": thread["id"], "after": page["pageInfo"]["endCursor"]})
        page = data["node"]["comments"]
        found += [_comment(node) for node in page["nodes"]]
    return tuple(found)


def _thread(node: Any, comments: tuple[ThreadComment, ...]) -> Thread:
    return Thread(
        id=node["id"],
        path=node["path"],
        line=node["line"],
        start_line=node["startLine"],
        original_line=node["originalLine"],
        side=node["diffSide"] or "RIGHT",
        resolved=node["isResolved"],
        resolved_by=(node["resolvedBy"] or {}).get("login"),
        outdated=node["isOutdated"],
        comments=comments,
    )


def _comment(node: Any) -> ThreadComment:
    author = node["author"] or {"login": "ghost"}
    is_bot = author.get("__typename") == "Bot"
    return ThreadComment(
        id=int(node["fullDatabaseId"]),
        body=node["body"],
        author=f"{author['login'].removesuffix('[bot]')}[bot]" if is_bot else author["login"],
        author_id=author.get("databaseId"),
        is_bot=is_bot,
        association=node["authorAssociation"],
        dislikers=tuple(one["user"]["login"] for one in node["reactions"]["nodes"] if one["user"] is not None),
        created_at=node["createdAt"],
    )
