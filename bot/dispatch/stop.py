"""Cancel tasks whose issue, pull request or repository goes away."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy as sa

from bot.dispatch.authorise import record
from bot.dispatch.start import active_key
from bot.dispatch.waiting import list_waiting
from bot.github.resources import labels
from bot.policy import Decision
from bot.store import tasks
from bot.store.tasks import Task
from bot.types import Actor, Repository
from bot.work.origin import Request
from bot.work.services import Services


async def cancel_active(
    services: Services,
    names: Collection[str],
    repository: Repository,
    number: int,
    actor: Actor,
    *,
    deed: str,
    delivery: str,
    label: str | None = None,
    by: str | None = None,
) -> None:
    """Cancel an issue's or pull request's active or waiting tasks by name.

    With ``label`` only a task that this label started is cancelled. The task says that the actor did ``deed`` ("closed
    the issue"), or else that ``by`` stopped it. GitHub let ``actor`` do what stops it, so nobody asks again whether
    they may.
    """
    found = await services.store.read(_find_active, names, repository, number)
    started = [task for task in found if label is None or _was_started_by(task, label)]
    if not started or (await services.github.bot()).id == actor.id:
        return
    reason = f"@{actor.login} {deed}."
    for task in started:
        await record(services, delivery, repository, actor, f"cancel {task.flow}", Decision(True, reason))
        await services.engine.cancel(task.id, by or actor.login, "" if by else deed)


def _find_active(connection: sa.Connection, names: Collection[str], repository: Repository, number: int) -> list[Task]:
    """Find the active task of each name, or else the newest that waits."""
    waiting = {task.flow: task for task in reversed(list_waiting(connection, repository, number))}
    holders = [tasks.find_holder(connection, active_key(name, repository, number)) for name in names]
    found = [holder or waiting.get(name) for name, holder in zip(names, holders, strict=True)]
    return [task for task in found if task is not None]


def _was_started_by(task: Task, label: str) -> bool:
    known = Request.model_validate(task.argument).origin.label
    return known is not None and labels.same(known, label)


async def cancel_installation(services: Services, installation: int, by: str, deed: str) -> None:
    """Cancel what runs or waits in an installation, suspended or removed."""
    services.github.forget_installation(installation)
    for task in await services.store.run(tasks.list_unfinished):
        if task.installation == installation:
            await services.engine.cancel(task.id, by, deed)


async def cancel_where(
    services: Services,
    concerns: Callable[[Task, Request[Any]], bool],
    *,
    actor: Actor | None,
    deed: str,
    delivery: str,
) -> None:
    """Cancel every active or waiting task that a delivery concerns.

    ``deed`` is what was done there ("archived the repository"). GitHub let ``actor`` do it, so nobody asks again
    whether they may.
    """
    for task in await services.store.run(tasks.list_unfinished):
        request: Request[Any] = Request.model_validate(task.argument)
        if not concerns(task, request):
            continue
        if actor is not None:
            action = f"cancel {task.flow}"
            decision = Decision(True, f"@{actor.login} {deed}.")
            await record(services, delivery, request.repository, actor, action, decision)
        await services.engine.cancel(task.id, actor.login if actor is not None else "the account's owner", deed)
