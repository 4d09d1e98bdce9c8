"""Read what a task was asked about: an issue, a pull request, or nothing but its own words."""

from __future__ import annotations

from typing import Any

from bot.change import issue
from bot.change.pull import brief_of, fetch_ends
from bot.change.recipe import Job
from bot.change.records import Brief
from bot.change.stages import Stage
from bot.github.api.scopes import READ
from bot.github.resources import pulls

_FORK = (
    "The branch of this pull request is in a fork. Its code is not run here, and without a run nothing can be shown. "
    "Ask again once it is merged, or from a branch of this repository."
)


async def read(job: Job[Any]) -> Brief:
    """Read the issue or pull request; a pull request's head is the base."""
    if job.task.subject.kind not in {"pull", "thread"}:
        return await issue.read(job)
    await job.stage(Stage.READ, "started")
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    brief = await brief_of(job, await pulls.get_pull(github, repository, job.task.number))
    await job.stage(Stage.READ, "failed" if brief.stop else "done", brief.stop or "")
    return brief


async def read_to_run(job: Job[Any]) -> Brief:
    """Read it for work that proves by runs: of a fork's code there are none."""
    brief = await read(job)
    if brief.runs or brief.stop:
        return brief
    await job.stage(Stage.READ, "failed", _FORK)
    return brief.model_copy(update={"stop": _FORK})


async def fetch(job: Job[Any], brief: Brief) -> Brief:
    """Bring the base into the mirror, of a pull request both ends."""
    if brief.pull is None:
        return await issue.fetch(job, brief)
    await job.stage(Stage.FIND, "started")
    return brief.model_copy(update={"pull": await fetch_ends(job, brief)})


async def fetch_alone(job: Job[Any], brief: Brief) -> Brief:
    """Bring what :func:`fetch` does where nothing is searched in it."""
    brief = await fetch(job, brief)
    await job.stage(Stage.FIND, "done")
    return brief
