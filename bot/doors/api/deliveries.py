"""Show webhook deliveries, say what came of one or why nothing did, and have one handled again."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.context import Deliveries as Doors
from bot.doors.api.fields import Moment, PageQuery, TaskId, cursor, maybe_moment, moment
from bot.doors.api.operation import Operations
from bot.doors.api.problems import Problem
from bot.doors.api.reports import AuditView, show_decision
from bot.doors.api.views import TaskView, clean, load_views
from bot.doors.rehearsal.silence import explain_silence
from bot.doors.webhook.router import DeliveryRefused, Event
from bot.github.api.errors import GitHubError
from bot.github.resources import app
from bot.store import audit, deliveries, pages
from bot.store.pages import DeliveryRow
from bot.types import JsonModel
from bot.work.services import Services

operations = Operations("reports")
Guid = Annotated[str, Field(pattern="^[0-9A-Za-z-]{1,100}$", description="a delivery's GUID")]
_LOOKED_THROUGH = 1000  # entries of GitHub's log


class DeliveryQuery(PageQuery):
    """The deliveries that are wanted."""

    state: Literal["open", "done", "failed"] | None = None


class DeliveryView(JsonModel):
    """A webhook delivery, without its payload."""

    guid: str
    event: str
    state: Literal["open", "done", "failed"]
    received_at: Moment
    done_at: Moment | None
    error: str | None


class ListedDelivery(DeliveryView):
    """A delivery and what came of it, in short."""

    repository: str | None = Field(description="where something was decided or started, else null")
    started: tuple[TaskId, ...] = Field(description="tasks that it started")
    refused: bool = Field(description="whether somebody was refused something")


class DeliveryPage(JsonModel):
    """A page of deliveries, newest first."""

    items: tuple[ListedDelivery, ...]
    next: str | None


class DeliveryStory(DeliveryView):
    """A delivery, what was decided about it and what it started."""

    kept: bool = Field(description="whether its payload is still stored")
    action: str | None
    repository: str | None
    number: int | None
    sender: str | None
    decisions: tuple[AuditView, ...]
    tasks: tuple[TaskView, ...]
    explanation: str = Field(description="what came of it, or why nothing did; for the latter by the present policy")


class Redelivery(JsonModel):
    """The way in which a delivery is handled again."""

    way: Literal["stored", "github"] = Field(
        description="`stored`: from the payload that is here; `github`: GitHub was asked to send it again"
    )


@operations.add("GET", "/deliveries", scope="admin")
async def list_deliveries(context: Context, query: DeliveryQuery) -> DeliveryPage:
    """List webhook deliveries, newest first."""
    found = await context.services.store.read(
        lambda connection: pages.list_deliveries(connection, query.state, query.after, query.limit + 1)
    )
    shown = found[: query.limit]
    came = await context.services.store.read(pages.list_outcomes, [row.guid for row in shown])
    items = tuple(ListedDelivery(**_show(row).model_dump(), **came[row.guid]._asdict()) for row in shown)
    more = cursor(shown[-1].received, shown[-1].guid) if len(found) > query.limit else None
    return DeliveryPage(items=items, next=more)


@operations.add("GET", "/deliveries/{guid}", scope="admin", errors={404: "there is no such delivery"})
async def read_delivery(context: Context, guid: Guid) -> DeliveryStory:
    """Say what came of a delivery, or why nothing did."""
    services = context.services
    row, decisions, tasks = await services.store.read(partial(_load, guid=guid, services=services))
    kept = await services.store.read(deliveries.load, guid)
    if row is None or kept is None:
        raise Problem("There is no such delivery.", status=404)
    event = _parse(kept)
    repository = None if event is None else event.repository()
    sender = None if event is None else event.sender()
    view = _show(row)
    return DeliveryStory(
        **view.model_dump(),
        kept=event is not None,
        action=None if event is None else event.action,
        repository=None if repository is None else repository.full_name,
        number=None if event is None else event.number,
        sender=None if sender is None else sender.login,
        decisions=decisions,
        tasks=tasks,
        explanation=clean(services, await _explain(context, view, event, decisions, tasks)),
    )


@operations.add(
    "POST", "/deliveries/{guid}/redeliver", scope="admin", statuses=(202,), errors={409: "nobody has it any more"}
)
async def redeliver(context: Context, caller: Caller, guid: Guid) -> Redelivery:
    """Have a delivery handled again.

    What it has started is not started twice. Where its payload is here no longer, GitHub is asked to send it again.
    """
    services = context.services
    kept = await services.store.read(deliveries.load, guid)
    if kept is None:
        raise Problem("There is no such delivery.", status=404)
    event = _parse(kept)
    asked = f"@{caller.actor.login} wanted it to be handled again."
    entry = None if event is not None else await _find_in_log(services, guid)
    if event is None and entry is None:
        raise Problem(
            "Its payload is stored no longer, and GitHub's log, which holds three days, does not have it either. "
            "Repeat what caused it on GitHub.",
            status=409,
        )

    def reopen(connection: sa.Connection) -> None:
        deliveries.fail(connection, guid, asked)
        audit.record(connection, "redeliver", allowed=True, reason=asked, actor=caller.actor.login, delivery=guid)

    await services.store.run(reopen)
    if event is not None:
        await _doors(context).accept(event, kept.payload)
        return Redelivery(way="stored")
    assert entry is not None
    await app.redeliver(services.github.app, entry)
    return Redelivery(way="github")


async def _find_in_log(services: Services, guid: str) -> int | None:
    """Return GitHub's id of a delivery, None where its log has it no more."""
    looked = 0
    async for item in app.deliveries(services.github.app):
        looked += 1
        if item.guid == guid:
            return item.id
        if looked >= _LOOKED_THROUGH:
            break
    return None


async def _explain(
    context: Context,
    view: DeliveryView,
    event: Event | None,
    decisions: tuple[AuditView, ...],
    tasks: tuple[TaskView, ...],
) -> str:
    """Say in words what came of a delivery."""
    if view.state == "open":
        return "It is stored and waits to be handled."
    if view.state == "failed":
        return f"It could not be handled: {view.error} Handle it again once the cause is gone."
    if tasks:
        return f"It started {', '.join(each.task for each in tasks)}."
    refusals = [each.reason for each in decisions if not each.allowed]
    if refusals:
        return f"Nothing started: {' '.join(dict.fromkeys(refusals))}"
    if decisions:
        return "It was permitted, and answered where it was asked; it started no task."
    if event is None:
        days = context.services.settings.keep_days
        return f"Nothing was decided about it. What it said is no longer stored (`keep_days`, {days:g})."
    return await _explain_silence(context, event)


async def _explain_silence(context: Context, event: Event) -> str:
    services, repository = context.services, event.repository()
    handlers = _doors(context).handlers
    if repository is None:
        return explain_silence(event, handlers, services.policies.default, None)
    try:
        policy, fault = await services.policies.load_or_default(repository)
        bot = await services.github.bot()
    except GitHubError as error:
        return f"Nothing was decided about it. Why cannot be told now: {error.message}"
    return f"Nothing started. {explain_silence(event, handlers, policy, fault, bot.login)}"


def _doors(context: Context) -> Doors:
    assert context.deliveries is not None, "this process takes deliveries"
    return context.deliveries


def _load(
    connection: sa.Connection, guid: str, services: Services
) -> tuple[DeliveryRow | None, tuple[AuditView, ...], tuple[TaskView, ...]]:
    decisions = tuple(show_decision(row) for row in pages.list_decisions(connection, guid))
    tasks = load_views(connection, pages.list_started(connection, guid), services)
    return pages.find_delivery(connection, guid), decisions, tuple(tasks)


def _parse(kept: deliveries.Delivery) -> Event | None:
    """Return the event of a stored delivery; None where its payload is gone."""
    try:
        return Event.parse(kept.guid, kept.event, kept.payload) if kept.payload else None
    except DeliveryRefused:
        return None


def _show(row: DeliveryRow) -> DeliveryView:
    ended = "done" if row.error is None else "failed"
    return DeliveryView(
        guid=row.guid,
        event=row.event,
        state="open" if row.done is None else ended,
        received_at=moment(row.received),
        done_at=maybe_moment(row.done),
        error=row.error,
    )
