"""Tell how a task went: its stages and its model calls."""

from __future__ import annotations

from pydantic import Field

from bot.dispatch.stages import StageState, fold_stages
from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import Moment, PageQuery, TaskId, cursor, maybe_moment, moment
from bot.doors.api.operation import Operations
from bot.doors.api.tasks import load_task
from bot.doors.api.views import clean
from bot.store import calls, tasks
from bot.store.calls import CallRow
from bot.store.keys import KeyOwner
from bot.types import JsonModel
from bot.work.services import Services

operations = Operations("tasks")
_MOST_STAGES = 1000


class StageView(JsonModel):
    """One time that a stage was worked on, or a stage to come."""

    name: str
    title: str = Field(description="what it does, for people")
    state: StageState = Field(description="`stopped`: the task ended before it did")
    text: str = Field(description="what it said last")
    started_at: Moment | None
    ended_at: Moment | None


class Stages(JsonModel):
    """The course of a task."""

    items: tuple[StageView, ...] = Field(description="in order; a stage that began again stands there again")


class CallView(JsonModel):
    """A call of a model."""

    id: str
    step: str = Field(description="the question, by its name in the task")
    role: str = Field(description="such as `reason`; its models are in the settings and the policy")
    model: str
    state: str = Field(
        description="`reserved`: it is being asked; `answered`, `failed`; `lost`: its process died; "
        "`refused`: a limit forbade it, and nobody was asked"
    )
    micro_dollars: int | None = Field(description="millionths of a dollar, null where nobody knows yet, or for ever")
    reserved_micro_dollars: int = Field(ge=0, description="what it may cost at most, until that is known")
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None = Field(description="the part of `input_tokens` read from the provider's cache")
    seconds: float | None
    key: str | None = Field(description="id of the kept key that pays, null for a key of the server's settings")
    paid_by: str = Field(description="whose key that is, in words")
    created_at: Moment


class Calls(JsonModel):
    """A page of model calls, newest first."""

    items: tuple[CallView, ...]
    next: str | None = Field(description="`cursor` of the next page, null on the last one")


@operations.add("GET", "/tasks/{id}/stages", scope="read")
async def list_stages(context: Context, caller: Caller, id: TaskId) -> Stages:
    """Tell the stages of a task, with their times."""
    services = context.services
    task = await load_task(context, caller, id)
    events = await services.store.read(tasks.list_events, id, 0, _MOST_STAGES, ("stage",))
    runs = fold_stages(events, context.registry.show(task.flow).stages, task.ended)
    return Stages(
        items=tuple(
            StageView(
                name=run.name,
                title=run.title,
                state=run.state,
                text=clean(services, run.text),
                started_at=maybe_moment(run.began),
                ended_at=maybe_moment(run.ended),
            )
            for run in runs
        )
    )


@operations.add("GET", "/tasks/{id}/calls", scope="read")
async def list_calls(context: Context, caller: Caller, query: PageQuery, id: TaskId) -> Calls:
    """List the model calls of a task, newest first."""
    services = context.services
    await load_task(context, caller, id)
    found = await services.store.read(calls.list_calls, id, query.after, query.limit + 1)
    shown = found[: query.limit]
    more = cursor(shown[-1].created, shown[-1].id) if len(found) > query.limit else None
    return Calls(items=tuple(_view(row, services) for row in shown), next=more)


def _view(row: CallRow, services: Services) -> CallView:
    payer = KeyOwner(scope=row.scope or "instance", name=row.owner_name or "")
    return CallView(
        id=row.id,
        step=clean(services, row.step),
        role=row.role,
        model=row.model,
        state=row.state,
        micro_dollars=row.micro_dollars,
        reserved_micro_dollars=row.reserved if row.state in {"reserved", "lost"} else 0,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cached_tokens=row.cached_tokens,
        seconds=row.seconds,
        key=row.key or None,
        paid_by=payer.words,
        created_at=moment(row.created),
    )
