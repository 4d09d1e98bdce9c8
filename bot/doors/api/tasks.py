"""Read tasks, follow them and stop them."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import Field

from bot.dispatch.authorise import record
from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.events import EventStream, open_stream
from bot.doors.api.fields import Login, Number, PageQuery, RepositoryName, TaskId, cursor
from bot.doors.api.gate import repository_of
from bot.doors.api.operation import Operations, Reply, Sent
from bot.doors.api.views import TaskView, has_ended, load_views
from bot.engine.port import TaskState
from bot.policy import Decision
from bot.store import pages, tasks
from bot.store.pages import TaskFilter
from bot.store.tasks import Task
from bot.types import JsonModel, Repository

operations = Operations("tasks")


class TaskQuery(PageQuery):
    """The tasks that are wanted."""

    repository: RepositoryName | None = Field(
        default=None, description="needed, unless the token is bound to repositories or an administrator's"
    )
    number: Number | None = None
    task: str | None = Field(default=None, pattern="^[a-z][a-z-]{0,40}$", description="the name of a type")
    state: TaskState | None = None
    actor: Login | None = None


class EventHeaders(Sent):
    """The place to go on from."""

    last_event_id: int | None = Field(
        default=None, alias="Last-Event-ID", ge=0, le=2**53, description="the last event that was received"
    )


class TaskPage(JsonModel):
    """A page of tasks, newest first."""

    items: tuple[TaskView, ...]
    next: str | None = Field(description="`cursor` of the next page, null on the last one")


@operations.add("GET", "/tasks", scope="read")
async def list_tasks(context: Context, caller: Caller, query: TaskQuery) -> TaskPage:
    """List tasks, newest first."""
    services = context.services
    named = await _repositories(context, caller, query)
    wanted = TaskFilter(
        repositories=None if named is None else [(each.id, each.full_name) for each in named],
        number=query.number,
        flow=query.task,
        state=query.state,
        actor=query.actor,
    )

    def read(connection: sa.Connection) -> TaskPage:
        found = pages.list_tasks(connection, wanted, query.after, query.limit + 1)
        shown = found[: query.limit]
        more = cursor(shown[-1].created, shown[-1].id) if len(found) > query.limit else None
        return TaskPage(items=tuple(load_views(connection, shown, services)), next=more)

    return await services.store.read(read)


@operations.add("GET", "/tasks/{id}", scope="read", etag=True)
async def read_task(context: Context, caller: Caller, id: TaskId) -> TaskView:
    """Return a task as it stands."""
    task = await load_task(context, caller, id)
    return await _view(context, task)


@operations.add("GET", "/tasks/{id}/events", scope="read", statuses=(200, 204))
async def follow_task(context: Context, caller: Caller, headers: EventHeaders, id: TaskId) -> EventStream | Reply[None]:
    """Follow a task's events as they happen, until it has ended.

    Server-sent events: `event` is the kind (`queued`, `started`, `stage`, `retry`, `cancel_requested`, `ended`), `id`
    grows, `data` is JSON. Whoever comes back with `Last-Event-ID` goes on behind that event; 204 says that nothing
    follows.
    """
    task = await load_task(context, caller, id)
    after = headers.last_event_id or 0
    stream = await open_stream(context, caller, task, after)
    return Reply(None, 204) if stream is None else stream


@operations.add("POST", "/tasks/{id}/cancel", scope="run", administrators=True, statuses=(202, 200))
async def cancel_task(context: Context, caller: Caller, id: TaskId) -> Reply[TaskView]:
    """Stop a task.

    It ends at its next step; model calls and test runs stop at once. One that waits for people waits no longer. 200:
    it had ended, or is being stopped already. Administrators of this server stop every task, by its token too, and
    without GitHub.
    """
    services = context.services
    task = await load_task(context, caller, id)
    await _check_stopper(context, caller, task)
    active = task.waits or (not has_ended(task) and task.cancel is None)
    if active:
        await services.engine.cancel(task.id, caller.actor.login)
    return Reply(await _view(context, await load_task(context, caller, id)), 202 if active else 200)


async def _check_stopper(context: Context, caller: Caller, task: Task) -> None:
    """Audit who stops a task.

    Raises :class:`Problem` (403).
    """
    action, repository = f"cancel {task.flow}", repository_of(task)
    if caller.administers:
        decision = Decision(True, f"{caller.actor.login} administers this server.")
        await record(context.services, caller.id, repository, caller.actor, action, decision)
        return
    admission = await context.gate.admit(caller, repository.full_name, action)
    policy, _ = await context.services.policies.load_or_default(admission.repository)
    await context.gate.decide(caller, "cancel", admission, policy, action)


async def load_task(context: Context, caller: Caller, task_id: str) -> Task:
    """Return a task that the caller may read.

    Raises :class:`Problem` (404).
    """
    task = await context.services.store.read(lambda connection: tasks.get(connection, task_id))
    return await context.gate.check_reader(caller, task_id, task)


async def _view(context: Context, task: Task) -> TaskView:
    services = context.services
    (view,) = await services.store.read(lambda connection: load_views(connection, [task], services))
    return view


async def _repositories(context: Context, caller: Caller, query: TaskQuery) -> list[Repository] | None:
    """Return the repositories whose tasks are listed, None for all."""
    if query.repository is not None:
        return [await context.gate.readable(caller, query.repository, "list tasks")]
    return await context.gate.list_readable(caller, "tasks")
