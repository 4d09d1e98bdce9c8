"""/approve: let go on what waits for somebody's approval."""

from __future__ import annotations

from bot.dispatch.start import begin_again
from bot.doors.comments.commands import ANYWHERE, Command, Invocation
from bot.doors.comments.replies import reply
from bot.policy import may_type
from bot.store import tasks
from bot.work.services import Services


async def run(invocation: Invocation, services: Services) -> None:
    """Start the task that carries on from the newest one that waits, or say that none does."""
    repository, number = invocation.repository.id, invocation.number
    found = await services.store.run(lambda connection: tasks.find(connection, repository, number))
    if any(task.delivery == invocation.event.guid for task in found):
        return  # this very command has done it already
    gone_on = {task.parent for task in found}
    waiting = next((task for task in found if task.state == "awaiting_approval" and task.id not in gone_on), None)
    if waiting is None:
        await reply(services, invocation, "Nothing here waits for approval.")
        return
    decision = may_type(invocation.policy, waiting.flow, invocation.actor, invocation.role)
    if decision.allowed:
        await begin_again(services, invocation, waiting)
    else:
        await reply(services, invocation, decision.reason)


COMMAND = Command(
    name="approve",
    summary="Lets go on what waits for approval here.",
    explanation="For a task that stops and waits for a person's word; where none does, it says so.",
    examples=(("/approve", "goes on with the task that waits here, if one does"),),
    places=ANYWHERE,
    run=run,
    needs_open=True,
)
