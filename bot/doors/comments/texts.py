"""Read a new text from an event: its author, place and state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.doors.comments.commands import Place
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event
from bot.github.resources.reply_targets import Lines, ReplyTarget, parse_lines

DOORS = (
    ("issue_comment", "created"),
    ("pull_request_review", "submitted"),
    ("pull_request_review_comment", "created"),
    ("issues", "opened"),
    ("pull_request", "opened"),
)
"""The events in which people say something new. Edited texts are not read again."""

_ITEMS = {
    "issue_comment": "comment",
    "pull_request_review": "review",
    "pull_request_review_comment": "comment",
    "issues": "issue",
    "pull_request": "pull_request",
}


@dataclass(frozen=True)
class IncomingText:
    """A new text on GitHub."""

    text: str
    by_program: bool  # a bot wrote it, or an app in somebody's name, or it is not the sender's own
    place: Place
    spot: ReplyTarget
    lines: Lines | None
    title: str  # of the issue or pull request, as ``body``
    body: str
    is_open: bool
    author_id: int | None
    at: str  # ISO 8601


def said_in(event: Event) -> IncomingText | None:
    """Return the event's text, None where it or its payload lacks it."""
    item = read_part(event.payload, _ITEMS.get(event.name, ""))
    sender = event.sender()
    number = event.number
    identity = read_number(item, "id")
    if sender is None or number is None or identity is None or not isinstance(item.get("body"), str):
        return None
    target = read_part(event.payload, "issue") or read_part(event.payload, "pull_request")
    author = read_part(item, "user")
    own = author.get("id") == sender.id and sender.type == "User" and not sender.login.endswith("[bot]")
    return IncomingText(
        text=read_text(item, "body"),
        by_program=not own or bool(item.get("performed_via_github_app")),
        place=_place(event, target),
        spot=_spot(event, number, item),
        lines=parse_lines(item) if event.name == "pull_request_review_comment" else None,
        title=read_text(target, "title"),
        body=read_text(target, "body"),
        is_open=target.get("state") == "open",
        author_id=read_number(read_part(target, "user"), "id"),
        at=read_text(item, "created_at") or read_text(item, "submitted_at"),
    )


def _place(event: Event, target: Mapping[str, Any]) -> Place:
    if event.name == "pull_request_review_comment":
        return "thread"
    return "pull" if event.name.startswith("pull_request") or "pull_request" in target else "issue"


def _spot(event: Event, number: int, item: Mapping[str, Any]) -> ReplyTarget:
    if event.name == "issue_comment":
        return ReplyTarget(kind="comment", number=number, id=item["id"])
    if event.name == "pull_request_review":
        return ReplyTarget(kind="review", number=number, id=item["id"], node=read_text(item, "node_id") or None)
    if event.name != "pull_request_review_comment":
        return ReplyTarget(kind="body", number=number)
    root = read_number(item, "in_reply_to_id") or item["id"]
    return ReplyTarget(kind="review comment", number=number, id=item["id"], root=root)
