"""Answer ``/approve``: let a task go on that waits for approval."""

from __future__ import annotations

from bot.dispatch.again import go_on
from bot.dispatch.start import StartedTask
from bot.dispatch.waiting import find_waiting
from bot.doors.comments.commands import Command, Invocation, reply
from bot.store import tasks
from bot.work.services import Services

_STATES = {"awaiting_approval"}


async def run(invocation: Invocation, services: Services) -> None:
    """Start the task that goes on from the waiting one, or say why not."""
    task = await find_waiting(services, invocation.repository, invocation.number, states=_STATES)
    spec = invocation.registry.get(task.flow) if task is not None else None
    if task is None or spec is None:
        if not await _has_started(invocation, services):
            await reply(services, invocation, "Nothing here waits for approval. `/status` shows what runs and waits.")
        return
    decision = invocation.may(task.flow)
    if not decision.allowed:
        await reply(services, invocation, decision.reason)
        return
    started = await go_on(services, spec, task, invocation.repository, invocation.origin)
    if not isinstance(started, StartedTask):
        await reply(services, invocation, started.reason)


async def _has_started(invocation: Invocation, services: Services) -> bool:
    """Return whether this very delivery, handled again, has started its task."""
    found = await services.store.read(tasks.find, invocation.repository.id, invocation.number)
    return any(task.delivery == invocation.event.guid for task in found)


COMMAND = Command(
    name="approve",
    summary="Lets a task go on that waits for approval, such as a plan.",
    explanation="The new task goes on from what the waiting one holds; nothing is asked of a model twice. `/cancel` "
    "ends the waiting instead. What others have to approve, by the organisation's file, is approved by "
    "people who did not ask for it. Where another bot obeys `/approve` too, set `commands.mention_only`.",
    examples=(("/approve", "has the plan that waits here implemented"),),
    places=frozenset({"issue", "pull"}),
    run=run,
    needs_open=True,
)
