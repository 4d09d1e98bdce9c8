"""What earlier reviews of the same pull request left: their results, and the summary comment to go on with."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from pydantic import ValidationError

from bot.pulls.diff import Review
from bot.pulls.records import Looked, Reviewed
from bot.pulls.skipped import READ_BEFORE
from bot.store import tasks
from bot.store.tasks import Task
from bot.types import JsonModel

FLOW = "review"
_MOST = 3


class Earlier(JsonModel):
    """Results of earlier reviews that ended, newest first; those that only looked at what was open are left out."""

    results: tuple[Reviewed, ...] = ()

    def of(self, review: Review, looked: Looked) -> Reviewed | None:
        """The complete review of this very change under these rules, where there is one."""
        wanted = (looked.head_sha, looked.merge_base, rules(review))
        same = (one for one in self.results if one.complete and (one.head_sha, one.merge_base, one.rules) == wanted)
        return None if review.task.full else next(same, None)

    def hunks(self) -> dict[str, tuple[str, ...]]:
        """Names of the hunks, by path, that the newest one knows to have been read for everything."""
        if not self.results:
            return {}
        last = self.results[0]
        wanting = {*last.unread, *(path for one in last.missed for path in one.paths)}
        read = [file for file in last.files if file.left_out in {None, READ_BEFORE} and file.path not in wanting]
        return {file.path: file.hunks for file in read}


def rules(review: Review) -> str:
    """Twelve hex digits of what the repository decides about a review: under others it has to be made anew."""
    policy = review.policy
    text = policy.review.model_dump_json() + repr(sorted((role, names) for role, names in policy.models.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


async def recall(review: Review) -> Earlier:
    """Look them up, and take over their summary comment, so that a pull request has one."""
    tasks_before = await review.services.store.run(lambda connection: _recalled(connection, review))
    results = [result for task in tasks_before if (result := _result(task)) is not None and result.read]
    return Earlier(results=tuple(results[:_MOST]))


def _recalled(connection: sa.Connection, review: Review) -> list[Task]:
    """Newest first, this task left out; its comment is the newest earlier one's."""
    task = review.task
    found = tasks.find(connection, task.repository.id, task.number, flow=FLOW)
    others = [one for one in found if one.id != review.task_id]
    comment = next((one.posted["status"] for one in others if one.posted.get("status")), None)
    if comment is not None:
        tasks.merge_posted(connection, review.task_id, {"status": comment})
    return others


def _result(task: Task) -> Reviewed | None:
    try:
        return Reviewed.model_validate(((task.result or {}).get("data") or {}).get("reviewed"))
    except ValidationError:
        return None
