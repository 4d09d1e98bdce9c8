"""Open an issue for each step of a plan, once."""

from __future__ import annotations

import hashlib
from typing import Any

from bot.change.recipe import Job
from bot.github.api.scopes import COMMENT
from bot.github.resources import issues
from bot.github.resources.sub_issues import ensure_sub_issues
from bot.github.text.markers import Marker
from bot.github.text.outgoing import outgoing_line
from bot.markdown import counted
from bot.plans.records import Draft
from bot.types import JsonModel
from handlers.plan.words import write_sub_issue


class SubIssues(JsonModel):
    """Issues that stand for a plan's steps, in their order.

    ``below``: GitHub shows them as sub-issues of the plan's issue.
    """

    numbers: tuple[int, ...]
    below: bool = False


async def split(job: Job[Any], draft: Draft) -> SubIssues:
    """Open what is not open yet; the same plan is split once, whoever asks.

    A plan has a bounded number of steps, so nobody is flooded.
    """
    plan = draft.plan
    assert plan is not None, "only a plan is split"
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, COMMENT)
    bot = await job.services.github.bot()
    key = hashlib.sha256(f"{repository.id}#{job.task.number} {plan.model_dump_json()}".encode()).hexdigest()[:12]
    numbers = []
    for at, step in enumerate(plan.steps, 1):
        title = outgoing_line(step.title, secrets=job.services.settings.secrets)
        body = job.services.outgoing(write_sub_issue(job.task.number, draft.specification, step))
        marker = Marker(task=key, part=f"step-{at}")
        numbers.append(await issues.ensure_issue(github, repository, title, body, marker=marker, bot=bot))
    await job.audit(f"split into {counted(len(numbers), 'issue')}", allowed=True, reason=f"plan for #{job.task.number}")
    below = await ensure_sub_issues(github, repository, job.task.number, numbers)
    return SubIssues(numbers=tuple(numbers), below=below)
