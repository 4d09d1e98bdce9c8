"""Stop tasks that an event took the ground from under."""

from __future__ import annotations

from collections.abc import Callable

from bot.dispatch.start import decided
from bot.policy import Decision
from bot.store import tasks
from bot.store.tasks import Task
from bot.types import Actor, Target
from bot.work.services import Services


async def cancel_where(
    services: Services, guid: str, actor: Actor | None, concerns: Callable[[Task, Target], bool], reason: str
) -> None:
    """Cancel every active task that a delivery concerns; GitHub let ``actor`` do it, so nobody asks whether they may.

    ``reason`` goes to the audit trail.
    """
    for task in await services.store.run(tasks.list_runnable):
        target = Target.model_validate(task.argument)
        if not concerns(task, target):
            continue
        if actor is not None:
            decision = Decision(True, reason)
            await decided(services, guid, target.repository, actor, f"cancel {task.flow}", decision)
        await services.engine.cancel(task.id, actor.login if actor is not None else "the account's owner")
