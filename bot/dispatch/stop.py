"""Cancel tasks whose issue, pull request or repository goes away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.dispatch.authorise import record
from bot.dispatch.start import active_key
from bot.dispatch.waiting import find_waiting
from bot.github.resources import labels
from bot.policy import Decision
from bot.store import tasks
from bot.store.tasks import Task
from bot.types import Actor, Repository
from bot.work.origin import Request
from bot.work.services import Services


async def cancel_active(
    services: Services,
    name: str,
    repository: Repository,
    number: int,
    actor: Actor,
    *,
    delivery: str,
    label: str | None = None,
    by: str | None = None,
) -> None:
    """Cancel the active or waiting task ``name`` of an issue or pull request.

    With ``label`` only a task that this label started is cancelled. The task says that ``by`` stopped it, or else the
    actor. GitHub let ``actor`` do what stops it, so nobody asks again whether they may.
    """
    key = active_key(name, repository, number)
    task = await services.store.run(tasks.find_holder, key)
    task = task or await find_waiting(services, repository, number, flow=name)
    if task is None:
        return
    if label is not None:
        known = Request.model_validate(task.argument).origin.label
        if known is None or not labels.same(known, label):
            return
    if (await services.github.bot()).id != actor.id:
        reason = f"@{actor.login} {'closed it' if label is None else 'removed the label'}."
        await record(services, delivery, repository, actor, f"cancel {name}", Decision(True, reason))
        await services.engine.cancel(task.id, by or actor.login)


async def cancel_installation(services: Services, installation: int, by: str) -> None:
    """Cancel what runs or waits in an installation, suspended or removed."""
    services.github.forget_installation(installation)
    for task in await services.store.run(tasks.list_unfinished):
        if task.installation == installation:
            await services.engine.cancel(task.id, by)


async def cancel_where(
    services: Services,
    concerns: Callable[[Task, Request[Any]], bool],
    *,
    actor: Actor | None,
    delivery: str,
    reason: str,
) -> None:
    """Cancel every active or waiting task that a delivery concerns.

    ``reason`` goes to the audit log. GitHub let ``actor`` do it, so nobody asks again whether they may.
    """
    for task in await services.store.run(tasks.list_unfinished):
        request: Request[Any] = Request.model_validate(task.argument)
        if not concerns(task, request):
            continue
        if actor is not None:
            action = f"cancel {task.flow}"
            await record(services, delivery, request.repository, actor, action, Decision(True, reason))
        await services.engine.cancel(task.id, actor.login if actor is not None else "the account's owner")
