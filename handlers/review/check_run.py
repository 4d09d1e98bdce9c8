"""Show the check run of a review, the first sign that people see."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.github.api.scopes import CHECKS
from bot.github.resources import checks
from bot.github.resources.checks import CheckReport
from bot.pulls.records import ReviewTask
from bot.store import tasks
from bot.types import Repository
from bot.work.services import Services

CHECK_NAME = "Forgehand review"
_BEGUN = CheckReport(title="Read the pull request", summary="The review has begun.")
_QUEUED = CheckReport(
    title="Not read again in the merge queue",
    summary="Pull requests are reviewed before they enter the queue: see this check at the head of each.",
    conclusion="neutral",
)


async def show(
    services: Services, task: ReviewTask, task_id: str, head_sha: str, *, base: str | None, fresh: bool = False
) -> None:
    """Show one check run in progress for the task on a head.

    ``base`` is the branch that the head is compared with. Where all is ``fresh``, no older check run is looked for.
    """
    # a delivery that is handled again shows it beside its own task, which another server may have begun
    async with services.turns.take(f"check run of {task_id}"):
        posted = await services.store.run(_claim, task, task_id, head_sha, base)
        if posted is None or posted.get("check"):
            return
        github = await services.github.for_repository(task.repository, CHECKS)
        make = checks.create_check if fresh else checks.put_check
        run = await make(github, task.repository, head_sha, posted["check_name"], task_id, _BEGUN)
        await services.store.run(tasks.merge_posted, task_id, {"check": run.id})


def _claim(
    connection: sa.Connection, task: ReviewTask, task_id: str, head_sha: str, base: str | None
) -> dict[str, Any] | None:
    """Remember what the task's check run is about, and its name, if any."""
    known = tasks.get(connection, task_id)
    if known is None or known.posted.get("check"):
        return None if known is None else known.posted
    name = known.posted.get("check_name") or _choose_name(connection, task, head_sha)
    about = {"head": head_sha, "check_name": name, **({"base": base} if base is not None else {})}
    return tasks.merge_posted(connection, task_id, about)


def _choose_name(connection: sa.Connection, task: ReviewTask, head_sha: str) -> str:
    """Return a name that no other pull request's check on this commit has.

    GitHub shows and counts the newest check run of a name on a commit, whatever pull request it is about: with one name
    the success of one would hide the blocker of another. The first one keeps the plain name, which is what rulesets
    require.
    """
    others = tasks.find_posted(connection, task.repository.full_name, "head", head_sha)
    alone = all(one.number == task.number or "check_name" not in one.posted for one in others)
    return CHECK_NAME if alone else f"{CHECK_NAME} (#{task.number})"


async def say(services: Services, task: ReviewTask, head_sha: str, report: CheckReport) -> None:
    """Show a check run that has ended, for a delivery that starts nothing."""
    github = await services.github.for_repository(task.repository, CHECKS)
    external_id = checks.external_id_for(task.number, task.delivery)
    name = await services.store.run(_choose_name, task, head_sha)
    await checks.put_check(github, task.repository, head_sha, name, external_id, report)


async def pass_group(services: Services, repository: Repository, head_sha: str) -> None:
    """Complete the check of a merge queue's group, which is not read again."""
    github = await services.github.for_repository(repository, CHECKS)
    await checks.put_check(github, repository, head_sha, CHECK_NAME, f"queue-{head_sha}", _QUEUED)


async def acknowledge(services: Services, task: ReviewTask, task_id: str, fresh: bool) -> None:
    """Show the check run as the first sign; a command names no head yet."""
    if task.head_sha is not None:
        await show(services, task, task_id, task.head_sha, base=task.base_branch, fresh=fresh)
