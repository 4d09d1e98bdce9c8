"""Typing commands as people do, and looking at what came back where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.github.text.markers import markers_in, without_markers
from simhub.model import Account
from tests.support.story import Story


@dataclass(frozen=True)
class Written:
    """Something that was written: where its reactions and its answers are."""

    number: int
    id: int
    reactions: str
    replies: str
    root: int | None = None


async def comment(story: Story, number: int, text: str, by: Account | None = None) -> Written:
    """A comment on an issue or pull request."""
    made = await story.request("POST", f"/issues/{number}/comments", {"body": text}, by=by)
    where = f"/issues/comments/{made['id']}/reactions"
    return Written(number, made["id"], where, f"/issues/{number}/comments")


async def on_line(story: Story, number: int, path: str, line: int, text: str, by: Account | None = None) -> Written:
    """A comment on a line of the diff."""
    pull = await story.request("GET", f"/pulls/{number}")
    data = {"body": text, "commit_id": pull["head"]["sha"], "path": path, "line": line, "side": "RIGHT"}
    made = await story.request("POST", f"/pulls/{number}/comments", data, by=by)
    return _in_thread(number, made["id"], made["id"])


async def below(story: Story, written: Written, text: str, by: Account | None = None) -> Written:
    """A reply in a thread on a line."""
    path = f"/pulls/{written.number}/comments/{written.root}/replies"
    made = await story.request("POST", path, {"body": text}, by=by)
    return _in_thread(written.number, made["id"], written.root or 0)


async def review(story: Story, number: int, text: str, by: Account | None = None, event: str = "COMMENT") -> Written:
    """A review with a body."""
    made = await story.request("POST", f"/pulls/{number}/reviews", {"body": text, "event": event}, by=by)
    return Written(number, made["id"], "", f"/issues/{number}/comments")


def _in_thread(number: int, identity: int, root: int) -> Written:
    return Written(number, identity, f"/pulls/comments/{identity}/reactions", f"/pulls/{number}/comments", root)


async def reactions(story: Story, written: Written) -> list[str]:
    """Return the bot's reactions."""
    if not written.reactions:
        pull = story.repository.issues[written.number].pull
        assert pull is not None
        (review,) = [each for each in pull.reviews if each.id == written.id]
        return [each.content for each in review.reactions if each.user.id == story.app.bot_id]
    found = await story.request("GET", written.reactions)
    return [each["content"] for each in found if each["user"]["id"] == story.app.bot_id]


async def answers(story: Story, written: Written) -> list[str]:
    """Return the bot's answers after the text was written.

    Zero-width breaks are taken out.
    """
    return await _told(story, written, {"answer"})


async def answered(story: Story, written: Written, count: int = 1) -> list[str]:
    """The answers, once there are so many."""

    def there() -> bool:
        return _count(story, written, {"answer"}) >= count

    await story.until(there, what=f"{count} answers", show=lambda: answers(story, written))
    found = await answers(story, written)
    assert len(found) == count, found
    return found


async def finals(story: Story, written: Written) -> list[str]:
    """Return the last words of tasks there, or those written for them."""
    return await _told(story, written, {"final", "status"})


async def final(story: Story, written: Written) -> str:
    """The one final answer, once it is there."""

    def there() -> bool:
        return _count(story, written, {"final", "status"}) > 0

    await story.until(there, what="the final answer")
    (text,) = await finals(story, written)
    return text


async def _told(story: Story, written: Written, parts: set[str]) -> list[str]:
    """The bot's comments of these parts, as GitHub's API gives them."""
    found = await story.request("GET", f"{written.replies}?per_page=100")
    items = (_Item(each["id"], each["user"]["id"], each["body"], each.get("in_reply_to_id")) for each in found)
    ours = (item.body for item in items if _is_ours(story, item, written, parts))
    return [without_markers(body).replace("\u200b", "") for body in ours]


def _count(story: Story, written: Written, parts: set[str]) -> int:
    """Count them by asking the hub itself: cheap enough to repeat."""
    issue = story.repository.issues[written.number]
    if written.root is None or issue.pull is None:
        items = [_Item(each.id, each.user.id, each.body, None) for each in issue.comments]
    else:
        items = [_Item(each.id, each.user.id, each.body, each.in_reply_to) for each in issue.pull.review_comments]
    return sum(_is_ours(story, item, written, parts) for item in items)


class _Item(NamedTuple):
    id: int
    user: int
    body: str
    root: int | None


def _is_ours(story: Story, item: _Item, written: Written, parts: set[str]) -> bool:
    ours = item.user == story.app.bot_id and any(marker.part in parts for marker in markers_in(item.body))
    return ours and item.id > written.id and item.root == written.root
