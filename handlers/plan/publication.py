"""Post plans and questions below the issue, each once."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import Job
from bot.github.api.scopes import COMMENT
from bot.github.resources import issues
from bot.github.text.markers import Marker
from bot.plans.records import Draft
from bot.store import tasks
from bot.work.artifacts import leave
from bot.work.locked import unless_locked
from handlers.plan.words import write_plan


async def ask(job: Job[Any], text: str) -> None:
    """Post the questions, and remember where: answers will be below."""
    comment = await _post(job, text, "questions")
    if comment is not None:
        posted = {"questions": comment}
        await job.services.store.run(tasks.merge_posted, job.task_id, posted)


async def show(job: Job[Any], draft: Draft) -> str:
    """Post the plan, leave it as a document, and return its text."""
    text = write_plan(draft)
    await leave(job, "plan.md", "document", text)
    await _post(job, text, "plan")
    return text


async def show_split(job: Job[Any], text: str) -> None:
    """Post the list of issues that the plan was split into."""
    await _post(job, text, "split")


async def _post(job: Job[Any], text: str, part: str) -> int | None:
    """Post a comment once; None without a place for it, or if it is locked."""
    if job.task.quiet or job.task.subject.number is None:
        return None
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, COMMENT)
    bot = await job.services.github.bot()
    marker = Marker(task=job.task_id, part=part)
    body = job.services.outgoing(text)
    with unless_locked("post"):
        made = await issues.ensure_comment(github, repository, job.task.number, body, marker=marker, bot_id=bot.id)
        return made.id
    return None
