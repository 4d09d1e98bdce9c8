"""What earlier reviews of the same pull request left: their results, and the summary comment to go on with."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from pydantic import ValidationError

from bot.review.change import Review
from bot.review.records import Looked, Reviewed
from bot.store import tasks
from bot.store.tasks import Task
from bot.types import JsonModel

FLOW = "review"


class Known(JsonModel):
    """``same`` is a complete review of this very change under these rules, ``last`` the newest one of any head."""

    same: Reviewed | None = None
    last: Reviewed | None = None


def rules(review: Review) -> str:
    """Twelve hex digits of what the repository decides about a review: under others it has to be made anew."""
    policy = review.policy
    text = policy.review.model_dump_json() + repr(sorted((role, names) for role, names in policy.models.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


async def recall(review: Review, looked: Looked) -> Known:
    """Look them up, and take over their summary comment, so that a pull request has one."""
    known = await review.services.store.run(lambda connection: _recalled(connection, review))
    results = [result for task in known if (result := _result(task)) is not None]
    wanted = (looked.head_sha, looked.merge_base, rules(review))
    same = [one for one in results if one.complete and (one.head_sha, one.merge_base, one.rules) == wanted]
    return Known(
        same=same[0] if same and not review.task.full else None,
        last=results[0] if results else None,
    )


def _recalled(connection: sa.Connection, review: Review) -> list[Task]:
    """Newest first, this task left out; its comment is the newest earlier one's."""
    task = review.task
    found = tasks.find(connection, task.repository.full_name, task.number, flow=FLOW)
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
