"""Answer ``/status``: what runs here, and how the last tasks ended."""

from __future__ import annotations

import sqlalchemy as sa

from bot.dispatch.registry import Registry
from bot.doors.comments.commands import ANYWHERE, Command, Invocation, reply
from bot.markdown import duration, expense, paragraph, shortened
from bot.policy import READERS
from bot.store import reporting, tasks
from bot.store.database import now_ms
from bot.store.tasks import Task
from bot.work.origin import Request
from bot.work.services import Services

_ENDED = 3


async def run(invocation: Invocation, services: Services) -> None:
    """Answer with a line for each task."""
    lines = await services.store.read(_list_tasks, invocation)
    await reply(services, invocation, "\n".join(lines) or "Nothing has run here yet.")


def _list_tasks(connection: sa.Connection, invocation: Invocation) -> list[str]:
    found = tasks.find(connection, invocation.repository.id, invocation.number)
    active = [task for task in found if task.ended is None or task.waits]
    shown = [*active, *[task for task in found if task not in active][:_ENDED]]
    lines = [_write_line(connection, invocation.registry, task) for task in shown]
    return lines if active or not lines else ["Nothing is running here.", "", *lines]


def _write_line(connection: sa.Connection, registry: Registry, task: Task) -> str:
    """Write the state, progress or result, time and money of one task."""
    events = tasks.list_events(connection, task.id)
    spent = reporting.sum_spending(connection, task.id)
    stage = next((str(event.data["stage"]) for event in reversed(events) if event.kind == "stage"), "")
    quiet = Request.model_validate(task.argument).quiet
    summary = "its result is for whoever asked" if quiet else shortened(paragraph(task.summary), 200)
    asked = "is being stopped" if task.cancel and task.ended is None else task.state.replace("_", " ")
    doing = registry.show(task.flow).stages.get(stage, "")
    said = summary if task.ended is not None else doing
    lasted = duration(((task.ended or now_ms()) - task.created) / 1000)
    cost = expense(spent.dollars, spent.calls)
    head = f"- **{task.flow}** {asked}, asked by {task.actor} (task `{task.id}`): {lasted}, {cost}"
    return f"{head}; {said}" if said else head


COMMAND = Command(
    name="status",
    summary="Says what runs here and how the last tasks ended.",
    explanation="For each task of this issue or pull request: its state, the stage it is in, time and money so far.",
    examples=(("/status", "lists what runs and the last three tasks that ended"),),
    places=ANYWHERE,
    run=run,
    quick=True,
    rule=READERS,
)
