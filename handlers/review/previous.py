"""Recall earlier reviews of a pull request and their summary comment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa
from pydantic import ValidationError

from bot.pulls.diff import Review
from bot.pulls.records import ReviewPlan, ReviewResult
from bot.pulls.rules import ReviewRules
from bot.pulls.skipped import READ_BEFORE
from bot.store import tasks
from bot.store.tasks import Task
from bot.types import JsonModel
from bot.work.origin import Request

FLOW = "review"
# The last reading may lie behind pushes after which only open findings were looked at.
_MOST = 10


class EarlierReviews(JsonModel):
    """Results of earlier reviews that ended, newest first."""

    results: tuple[ReviewResult, ...] = ()
    unposted: ReviewResult | None = None  # what the newest of all could not post, because the pull request was closed

    def find_same(self, review: Review, plan: ReviewPlan) -> ReviewResult | None:
        """Return the newest result, if it is complete and of this very change.

        It must stand under these rules as well. An older one is never taken up again: what was pushed in between may
        have been fixed and put back.
        """
        if review.task.full or not self.results:
            return None
        last = self.results[0]
        return last if last.complete and _is_of(last, plan) else None

    def find_unposted(self, review: Review, plan: ReviewPlan) -> ReviewResult | None:
        """Return what was bought of this very change and not posted yet.

        Whoever asks in words for all of it is not given that.
        """
        asked = review.task.full and review.task.origin.door != "event"
        return self.unposted if self.unposted is not None and _is_of(self.unposted, plan) and not asked else None

    def hunks(self, rules: str) -> dict[str, tuple[str, ...]]:
        """List the hunks that the newest reading under these rules has read."""
        last = next((one for one in self.results if one.read), None)
        if last is None or last.rules != rules:
            return {}
        wanting = {*last.unread, *last.in_part, *(path for one in last.missed for path in one.paths)}
        read = [file for file in last.files if file.left_out in {None, READ_BEFORE} and file.path not in wanting]
        return {file.path: file.hunks for file in read}


def find_told(connection: sa.Connection, repository: int, number: int) -> list[Task]:
    """Find the reviews of a pull request that are shown on it, newest first.

    What only a task's result holds was told to nobody there.
    """
    found = tasks.find(connection, repository, number, flow=FLOW)
    return [one for one in found if not Request.model_validate(one.argument).quiet]


def hash_rules(review: Review, guidelines: Sequence[tuple[str, str]]) -> str:
    """Return twelve hex digits of what the repository decides on reviews."""
    policy = review.policy
    models = sorted((role, names) for role, names in policy.models.items())
    text = policy.rules(ReviewRules).model_dump_json() + repr((models, tuple(guidelines)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


async def recall(review: Review) -> EarlierReviews:
    """Recall the earlier reviews, and take over the one summary comment."""
    tasks_before = await review.services.store.run(_find_earlier, review)
    results = [one for task in tasks_before if (one := _read_result(task, "reviewed")) is not None]
    unposted = _read_result(tasks_before[0], "unposted") if tasks_before else None
    return EarlierReviews(results=tuple(results[:_MOST]), unposted=unposted)


def _read_result(task: Task, key: str) -> ReviewResult | None:
    with suppress(ValidationError):
        return ReviewResult.model_validate(task.data.get(key))
    return None


def _is_of(result: ReviewResult, plan: ReviewPlan) -> bool:
    return (result.head_sha, result.merge_base, result.rules) == (plan.head_sha, plan.merge_base, plan.rules)


def _find_earlier(connection: sa.Connection, review: Review) -> list[Task]:
    """Find the other reviews, newest first; adopt the newest one's comment."""
    task = review.task
    others = [one for one in find_told(connection, task.repository.id, task.number) if one.id != review.task_id]
    comment = next((one.posted["status"] for one in others if one.posted.get("status")), None)
    if comment is not None and not task.quiet:
        tasks.merge_posted(connection, review.task_id, {"status": comment})
    return others
