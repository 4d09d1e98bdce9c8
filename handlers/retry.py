"""Answer ``/retry``: start the last task once more."""

from __future__ import annotations

from bot.dispatch.again import FAILED_STATES, is_stopping, may_repeat, restart
from bot.dispatch.spec import Shown
from bot.doors.comments.commands import ANYWHERE, Command, Invocation, reply
from bot.store import tasks
from bot.store.tasks import Task
from bot.work.origin import Request
from bot.work.services import Services


async def run(invocation: Invocation, services: Services) -> None:
    """Start the newest task again, or say why not.

    Skips questions that were or are being answered, and tasks that a program asked for and that only it can see: people
    do not mean those.
    """
    repository = invocation.repository.id
    found = await services.store.read(tasks.find, repository, invocation.number)
    told = [task for task in found if not Request.model_validate(task.argument).quiet]
    earlier = [task for task in told if task.delivery != invocation.event.guid]
    registry = invocation.registry
    answers = {task.id for task in earlier if registry.show(task.flow).shown is Shown.REPLY}
    last = next((task for task in earlier if task.id not in answers or task.state in FAILED_STATES), None)
    last = last or next(iter(earlier), None)
    problem = _find_problem(invocation, last)
    if problem or last is None:
        await reply(services, invocation, problem)
    else:
        spec = invocation.registry.get(last.flow)
        assert spec is not None, "an unknown task was refused"
        await restart(services, spec, last, invocation.repository, invocation.origin)


def _find_problem(invocation: Invocation, task: Task | None) -> str:
    if task is None:
        return "Nothing has run here yet, so there is nothing to retry. `/help` lists what you may start."
    if task.ended is None and not is_stopping(task):
        return f"The last task here ({task.flow}, `{task.id}`) has not ended; `/cancel` stops it."
    if task.waits:
        return f"The last task here ({task.flow}, `{task.id}`) is {task.state.replace('_', ' ')}; `/status` says more."
    if not may_repeat(task):
        return f"The last task here ({task.flow}, `{task.id}`) succeeded; there is nothing to retry."
    if invocation.registry.get(task.flow) is None:
        return f"The last task here ({task.flow}, `{task.id}`) is of a kind that this version does not know."
    decision = invocation.may(task.flow)
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
