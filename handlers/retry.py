"""/retry: start the last task once more."""

from __future__ import annotations

from bot.dispatch.start import begin_again
from bot.dispatch.status import FLOWS
from bot.doors.comments.commands import ANYWHERE, Command, Invocation
from bot.doors.comments.replies import reply
from bot.policy import may_type
from bot.store import tasks
from bot.store.tasks import Task
from bot.work.services import Services

_FAILED = {"failed", "cancelled", "dead", "unverified", "refused"}


async def run(invocation: Invocation, services: Services) -> None:
    """Start the newest task again, or say why not.

    A question that was answered, or is being answered, stands in no other task's way.
    """
    repository, number = invocation.repository.id, invocation.number
    found = await services.store.run(lambda connection: tasks.find(connection, repository, number))
    earlier = [task for task in found if task.delivery != invocation.event.guid]
    last = next((task for task in earlier if not FLOWS[task.flow].quiet or task.state in _FAILED), None)
    last = last or next(iter(earlier), None)
    problem = _problem(invocation, last)
    if problem or last is None:
        await reply(services, invocation, problem)
    else:
        await begin_again(services, invocation, last)


def _problem(invocation: Invocation, task: Task | None) -> str:
    if task is None:
        return "Nothing has run here yet, so there is nothing to retry. `/help` lists what you may start."
    stopping = task.ended is None and task.cancel is not None
    if task.ended is None and not stopping:
        return f"The last task here ({task.flow}, `{task.id}`) has not ended; `/cancel` stops it."
    if task.state not in _FAILED and not stopping:
        return f"The last task here ({task.flow}, `{task.id}`) ended well; there is nothing to retry."
    decision = may_type(invocation.policy, task.flow, invocation.actor, invocation.role)
    return "" if decision.allowed else decision.reason


COMMAND = Command(
    name="retry",
    summary="Starts the last task here once more, if it did not end well.",
    explanation="It does what was asked then, on the code as it is now. A question that was answered since does not "
    "count. The new task has a budget of its own.",
    examples=(("/retry", "starts a task that failed, was cancelled or was not verified once more"),),
    places=ANYWHERE,
    run=run,
    needs_open=True,
)
