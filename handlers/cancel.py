"""/cancel: stop what runs on this issue or pull request."""

from __future__ import annotations

from bot.change.services import Services
from bot.intake.commands import ANYWHERE, Command, Invocation
from bot.intake.replies import reply
from bot.store import tasks


async def run(invocation: Invocation, services: Services) -> None:
    """Ask every active task of the target to stop, and say which ones those were."""
    repository, number, login = invocation.repository.id, invocation.number, invocation.actor.login
    active = await services.store.run(lambda connection: tasks.find(connection, repository, number, active=True))
    for task in active:
        await services.engine.cancel(task.id, login)
    named = ", ".join(f"{task.flow} (task `{task.id}`)" for task in active)
    await reply(services, invocation, f"Stopping: {named}." if active else "Nothing runs here, so nothing was stopped.")


COMMAND = Command(
    name="cancel",
    summary="Stops what runs on this issue or pull request.",
    explanation="Model calls and test runs stop at once. What was published before stays.",
    examples=(("/cancel", "stops every task here"),),
    places=ANYWHERE,
    run=run,
    quick=True,
)
