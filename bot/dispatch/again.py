"""Start a task once more, for whoever asks now."""

from __future__ import annotations

from typing import Any

from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import Refusal, StartedTask, begin
from bot.store.tasks import Task
from bot.types import Repository
from bot.work.origin import Origin
from bot.work.services import Services

FAILED_STATES = frozenset({"failed", "cancelled", "dead", "unverified", "refused"})


def is_stopping(task: Task) -> bool:
    """Return True if the task was asked to stop and has not ended yet."""
    return task.ended is None and task.cancel is not None


def may_repeat(task: Task) -> bool:
    """Return True if the task did not end well, or is being stopped."""
    return task.state in FAILED_STATES or is_stopping(task)


async def restart(
    services: Services, spec: TaskSpec[Any], task: Task, repository: Repository, origin: Origin
) -> StartedTask | Refusal:
    """Start a task as it was asked for, with an origin of its own.

    The repository is named as it is now. It is answered where the first one was, and goes where that one went.
    """
    request = spec.request.model_validate(task.argument)
    new = origin.model_copy(update={"reply": request.origin.reply, "outlet": request.origin.outlet})
    renewed = request.model_copy(update={"repository": repository, "origin": new})
    return await begin(services, spec, renewed, parent=task.id)
