"""Remember what was specified and planned for an issue, so that nothing is paid for twice."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa

from bot.change.recipe import Job
from bot.plans.records import Draft
from bot.store import artifacts, tasks
from bot.store.tasks import Task
from bot.types import JsonModel
from bot.work.artifacts import leave
from bot.work.origin import Request

_NAME = "plan.json"
_LONGEST_CHAIN = 100  # tasks that go on from one another; a cycle in the table must not hang a step
APPROVAL = {"waits_for": "approval"}
"""What a task leaves in its data that ended to have its plan approved."""


class Past(JsonModel):
    """Latest draft for the issue's text, and whether its plan was approved."""

    draft: Draft | None = None
    approved: bool = False


def digest(request: Request[Any]) -> str:
    """Return a digest of the issue's text: drafts are for one text only."""
    return hashlib.sha256(f"{request.title}\0{request.body}".encode()).hexdigest()


async def recall(job: Job[Any]) -> Past:
    """Return what earlier tasks left for the same text.

    What follows the command now must be the same as then, or nothing.
    """
    return await job.services.store.run(_recall, job.task_id, job.task)


async def keep(job: Job[Any], draft: Draft) -> None:
    """Keep a draft for this task and those that go on from it."""
    await leave(job, _NAME, "document", draft.model_dump_json())


def _recall(connection: sa.Connection, task_id: str, request: Request[Any]) -> Past:
    line = list(_list_ancestors(connection, task_id))
    others: list[Task] = []
    if request.subject.number is not None:
        others = tasks.find(connection, request.repository.id, request.subject.number)
    wanted = digest(request)
    drafts = (_load(connection, task.id) for task in [*line, *others])
    fitting = (one for one in drafts if one is not None and one.issue == wanted and request.asked in {"", one.text})
    approved = any(task.data.get("waits_for") == "approval" and task.state != "cancelled" for task in line)
    return Past(draft=next(fitting, None), approved=approved)


def _list_ancestors(connection: sa.Connection, task_id: str) -> list[Task]:
    """List a task and those that it goes on from, newest first."""
    line: list[Task] = []
    known: str | None = task_id
    while known is not None and len(line) < _LONGEST_CHAIN:
        task = tasks.get(connection, known)
        line += [] if task is None else [task]
        known = None if task is None else task.parent
    return line


def _load(connection: sa.Connection, task_id: str) -> Draft | None:
    found = artifacts.find(connection, task_id, _NAME)
    return None if found is None else Draft.model_validate_json(found[1])
