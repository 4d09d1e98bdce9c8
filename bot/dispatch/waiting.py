"""Find the tasks that wait for people, and end the waiting of those that a newer one replaces."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from bot.store import tasks
from bot.store.tasks import NewTask, Task
from bot.types import Repository
from bot.work.origin import Request
from bot.work.services import Services


async def find_waiting(
    services: Services, repository: Repository, number: int, *, states: Collection[str] = tasks.WAITING
) -> Task | None:
    """Find the newest task of an issue that waits for people.

    What is shown to a program alone waits for nobody there.
    """
    found = await services.store.read(list_waiting, repository, number)
    return next((task for task in found if task.state in states), None)


def list_waiting(connection: sa.Connection, repository: Repository, number: int) -> list[Task]:
    """List the tasks of an issue that wait for people there, the newest first."""
    found = tasks.find(connection, repository.id, number, active=True)
    return [task for task in found if task.waits and not _is_quiet(task)]


def supersede(connection: sa.Connection, newer: NewTask) -> None:
    """End the waiting of earlier tasks whose place a new one takes."""
    if newer.active_key is None or newer.number is None:
        return
    repository = Request.model_validate(newer.argument).repository.id
    for earlier in tasks.find(connection, repository, newer.number, flow=newer.flow, active=True):
        if earlier.waits and earlier.id != newer.parent and not _is_quiet(earlier):
            summary = f"Task `{newer.id}` was asked for in its place."
            tasks.end_waiting(connection, earlier.id, "cancelled", summary)


def _is_quiet(task: Task) -> bool:
    return Request.model_validate(task.argument).quiet
