"""/cancel: stop what runs on this issue or pull request."""

from __future__ import annotations

from collections.abc import Sequence

from bot.doors.comments.commands import ANYWHERE, Command, Invocation, reply
from bot.store import tasks
from bot.store.tasks import Task
from bot.work.services import Services


async def run(invocation: Invocation, services: Services) -> None:
    """Ask every active task of the target to stop, and say which ones those were and how to go on."""
    repository, number, login = invocation.repository.id, invocation.number, invocation.actor.login
    active = await services.store.run(lambda connection: tasks.find(connection, repository, number, active=True))
    for task in active:
        await services.engine.cancel(task.id, login)
    await reply(services, invocation, _told(invocation, active))


def _told(invocation: Invocation, active: Sequence[Task]) -> str:
    if not active:
        return "Nothing runs here, so nothing was stopped."
    named = ", ".join(f"{task.flow} (task `{task.id}`)" for task in active)
    again = (
        f" `/retry` starts {'it' if len(active) == 1 else 'the first of these'} again." if invocation.is_open else ""
    )
    return f"Stopping: {named}.{again}"


COMMAND = Command(
    name="cancel",
    summary="Stops what runs on this issue or pull request.",
    explanation="Model calls and test runs stop at once. What was published before stays.",
    examples=(("/cancel", "stops every task here"),),
    places=ANYWHERE,
    run=run,
    quick=True,
)
