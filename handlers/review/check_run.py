"""The check run of a review: the first sign that people see. How it goes on and ends is the reporter's business."""

from __future__ import annotations

import re

from bot.dispatch.status import CHECK_NAME
from bot.github.api.scopes import CHECKS
from bot.github.resources import checks
from bot.github.resources.checks import CheckReport
from bot.pulls.records import ReviewTask
from bot.store import tasks
from bot.work.services import Services

_SAID = re.compile(r"pull-(\d{1,9})-.*")
_BEGUN = CheckReport(title="Read the pull request", summary="The review has begun.")


async def show(services: Services, task: ReviewTask, task_id: str, head_sha: str, *, fresh: bool = False) -> None:
    """One check run in progress for the task, on this head; where all is ``fresh`` nobody looks whether it is there."""
    known = await services.store.run(lambda connection: tasks.get(connection, task_id))
    if known is None or known.posted.get("check"):
        return
    github = await services.github.for_repository(task.repository, CHECKS)
    make = checks.create_check if fresh else checks.put_check
    run = await make(github, task.repository, head_sha, CHECK_NAME, task_id, _BEGUN)
    posted = {"check": run.id, "head": head_sha}
    await services.store.run(lambda connection: tasks.merge_posted(connection, task_id, posted))


def pull_of(external_id: str) -> int | None:
    """The pull request that a check run of :func:`say` is about."""
    found = _SAID.fullmatch(external_id)
    return int(found[1]) if found else None


async def say(services: Services, task: ReviewTask, head_sha: str, report: CheckReport) -> None:
    """One check run that has ended already, for a delivery that starts nothing."""
    github = await services.github.for_repository(task.repository, CHECKS)
    external_id = f"pull-{task.number}-{task.delivery}"
    await checks.put_check(github, task.repository, head_sha, CHECK_NAME, external_id, report)
