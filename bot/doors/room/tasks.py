"""List the tasks, by the filters in the address."""

from __future__ import annotations

from typing import get_args

from bot.doors.api.tasks import TaskQuery, list_tasks
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit
from bot.engine.port import TaskState
from bot.store import tasks

pages = Pages("tasks")


@pages.add("GET", "/tasks", access="person", title="Tasks", place="work")
async def show_tasks(visit: Visit) -> Answer:
    """Show a page of tasks, newest first."""
    query = visit.read_query(TaskQuery)
    newest = await visit.context.services.store.read(tasks.find_newest)
    found = await visit.ask(list_tasks, query=query)
    return Shown(
        "tasks.html",
        newest=newest,
        found=found,
        query=query,
        filters=query.model_dump(exclude_none=True, exclude={"cursor"}, exclude_defaults=True),
        states=get_args(TaskState),
        types=sorted(spec.name for spec in visit.context.registry),
        places=list_seen(visit),
    )
