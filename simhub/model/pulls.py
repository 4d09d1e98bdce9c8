"""Keep the part of pull requests that other issues do not have."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from simhub.model.accounts import Account
from simhub.model.issues import Issue

if TYPE_CHECKING:
    from simhub.model.repositories import Repository
    from simhub.model.reviews import Review, ReviewComment, Thread


@dataclass(eq=False)
class Pull:
    """The part of a pull request beyond its issue. ``head_repository`` is None once the fork is deleted.

    ``merged_onto`` is the base it was merged onto here; None also where a push brought its commits in.
    """

    id: int
    issue: Issue
    head_repository: Repository | None
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    maintainer_can_modify: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    merged_onto: str | None = None
    mergeable: bool | None = None
    mergeable_for: tuple[str, str] | None = None
    reviewers: list[Account] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.issue.number

    @property
    def repository(self) -> Repository:
        return self.issue.repository

    @property
    def review_comments(self) -> list[ReviewComment]:
        return [comment for thread in self.threads for comment in thread.comments]
