"""Keep reviews, their threads, and where these are anchored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simhub.model.accounts import Account
from simhub.model.apps import App
from simhub.model.issues import Reaction
from simhub.model.pulls import Pull


@dataclass(eq=False)
class Review:
    id: int
    pull: Pull
    user: Account
    body: str
    state: str
    commit_id: str
    submitted_at: datetime | None
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(frozen=True)
class Anchor:
    """Anchor of a review comment. ``line`` is None for a comment on the whole file."""

    path: str
    line: int | None
    side: str = "RIGHT"
    start_line: int | None = None
    start_side: str | None = None
    hunk: str = ""
    position: int | None = None


@dataclass(eq=False)
class Thread:
    """A review thread: ``anchor`` is where it was made, on ``commit_id``; ``place`` where that is now, if anywhere."""

    id: int
    pull: Pull
    anchor: Anchor
    commit_id: str
    place: Anchor | None = None
    comments: list[ReviewComment] = field(default_factory=list)
    resolved_by: Account | None = None

    @property
    def outdated(self) -> bool:
        return self.place is None

    def seen_by(self, account: Account | None) -> bool:
        """Tell whether an account may see the thread.

        Before its review is submitted, only its author sees it.
        """
        review = self.comments[0].review
        return review.state != "PENDING" or review.user is account


@dataclass(eq=False)
class ReviewComment:
    id: int
    thread: Thread
    review: Review
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    in_reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)
    minimized: str | None = None
