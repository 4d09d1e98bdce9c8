"""Let one change at a time be made to a red branch: a heal or a revert, whichever was asked for first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.change.recipe import Job
from bot.store import tasks
from bot.store.database import now_ms
from bot.store.tasks import Task

_WORDS = {"heal": "being healed", "revert": "having a change taken back"}


async def find_rival(job: Job[Any], branch: str) -> str | None:
    """Return in words why an earlier heal or revert of a branch goes first."""
    running = await job.services.store.run(tasks.list_started, job.task.repository.id, list(_WORDS), now_ms())
    return pick_rival(running, job.task_id, branch)


def pick_rival(running: Sequence[Task], own: str, branch: str) -> str | None:
    """Return why the task ``own`` gives way; None where it goes on.

    All see the same order, so of two that begin at once one goes on.
    """
    me = next((one for one in running if one.id == own), None)
    if me is None:
        return None
    for other in running:
        earlier = (other.created, other.id) < (me.created, me.id)
        if earlier and other.flow != me.flow and other.ended is None and _guess_branch(other) == branch:
            return (
                f"`{branch}` is {_WORDS[other.flow]} by the task {other.id}, which was asked for first; two changes "
                f"for one trouble would undo each other. I changed nothing. Wait for it, or `/cancel` it and ask again."
            )
    return None


def _guess_branch(task: Task) -> str:
    """Return the branch that a task is about: a revert's may be another."""
    given = task.argument.get("input") or {}
    number = (task.argument.get("subject") or {}).get("number")
    if task.flow == "heal" and number is not None:
        return ""  # a pull request's own
    return str(given.get("branch") or (task.argument.get("repository") or {}).get("default_branch") or "")
