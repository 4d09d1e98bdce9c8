"""Answer ``/cancel``: stop what runs on this issue or pull request."""

from __future__ import annotations

from collections.abc import Sequence

from bot.doors.comments.commands import ANYWHERE, Command, Invocation, reply
from bot.store import tasks
from bot.store.tasks import Task
from bot.work.services import Services


async def run(invocation: Invocation, services: Services) -> None:
    """Ask every active task here to stop; say which, and how to go on."""
    repository = invocation.repository.id
    active = await services.store.read(tasks.find, repository, invocation.number, active=True)
    for task in active:
        await services.engine.cancel(task.id, invocation.actor.login)
    await reply(services, invocation, _write_answer(active, may_retry=invocation.is_open))


def _write_answer(active: Sequence[Task], *, may_retry: bool) -> str:
    if not active:
        return "Nothing is running here, so nothing was stopped."
    named = ", ".join(f"{task.flow} (task `{task.id}`)" for task in active)
    if not may_retry:
        return f"Stopping: {named}."
    first = "it" if len(active) == 1 else "the first of these"
    return f"Stopping: {named}. `/retry` starts {first} again."


COMMAND = Command(
    name="cancel",
    summary="Stops what runs on this issue or pull request.",
    explanation="Model calls and test runs stop at once. What was published before stays.",
    examples=(("/cancel", "stops every task here"),),
    places=ANYWHERE,
    run=run,
    quick=True,
)
