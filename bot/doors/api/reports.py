"""Report money, deliveries and decisions."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import (
    Day,
    Login,
    Moment,
    PageQuery,
    RepositoryName,
    TaskId,
    cursor,
    maybe_moment,
    moment,
)
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.problems import Problem
from bot.store import pages, trail, usage
from bot.store.pages import DeliveryRow
from bot.store.trail import TrailFilter
from bot.store.usage import UsageKey
from bot.types import JsonModel

operations = Operations("reports")


class UsageQuery(Sent):
    """The part of the bill that is wanted; both days included."""

    repository: RepositoryName | None = Field(
        default=None, description="needed, unless the token is an administrator's and bound to no repository"
    )
    first: Day | None = Field(default=None, description="30 days back where it is not given")
    last: Day | None = Field(default=None, description="today where it is not given")
    by: UsageKey = "day"


class UsageItem(JsonModel):
    """The sum of all model calls of one key."""

    key: str = Field(
        description="a day, month, model, role, repository, owner of repositories, key's id (empty: the server's own), "
        "type of task or login, as `by` says"
    )
    micro_dollars: int = Field(ge=0)
    calls: int = Field(ge=0)
    input_tokens: int
    output_tokens: int
    cached_tokens: int = Field(description="the part of `input_tokens` that was read from a cache")
    cache_write_tokens: int = Field(description="the part of `input_tokens` that was written to one")
    lost: int = Field(ge=0, description="calls whose process died before their price was known; not part of `calls`")
    lost_micro_dollars: int = Field(ge=0, description="what those cost at most; not part of `micro_dollars`")
    refused: int = Field(ge=0, description="calls that a limit forbade, so that no provider was asked")


class Usage(JsonModel):
    """The money that models took."""

    first: str
    last: str
    time_zone: str = Field(description="the zone in which days and months begin")
    by: UsageKey
    currency: Literal["USD"] = "USD"
    items: tuple[UsageItem, ...]


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


class DeliveryPage(JsonModel):
    """A page of deliveries, newest first."""

    items: tuple[DeliveryView, ...]
    next: str | None


class AuditQuery(PageQuery):
    """The decisions that are wanted."""

    repository: RepositoryName | None = None
    actor: Login | None = None
    allowed: bool | None = None


class AuditView(JsonModel):
    """A decision about permission, or what an administrator changed."""

    id: int
    at: Moment
    action: str
    allowed: bool
    reason: str
    actor: str | None
    repository: str | None
    task: str | None
    delivery: str | None = Field(description="the webhook's GUID, or the id of the token that asked")


class AuditPage(JsonModel):
    """A page of the audit trail, newest first."""

    items: tuple[AuditView, ...]
    next: str | None


class WriteQuery(PageQuery):
    """The writes that are wanted."""

    since: Day | None = Field(default=None, description="only what was on this day (UTC) or later")
    repository: RepositoryName | None = Field(default=None, description="whose task it was for")
    actor: Login | None = Field(default=None, description="whose task it was for")
    task: TaskId | None = None


class WriteView(JsonModel):
    """A write on GitHub; it is there before it is sent."""

    id: str
    at: Moment
    method: str
    path: str
    status: int | None = Field(description="GitHub's answer; null: it never came, and the write was perhaps made")
    request: str = Field(description="GitHub's own id of the request")
    ended_at: Moment | None
    actor: str | None = Field(description="who asked for its task")
    repository: str | None = Field(description="of its task")
    task: str | None
    delivery: str | None = Field(description="the GUID of the webhook that it was for")


class WritePage(JsonModel):
    """A page of writes, newest first."""

    items: tuple[WriteView, ...]
    next: str | None


@operations.add("GET", "/usage", scope="read")
async def read_usage(context: Context, caller: Caller, query: UsageQuery) -> Usage:
    """Add up what models cost."""
    where = None
    if query.repository is not None:
        repository = await context.gate.readable(caller, query.repository, "read usage")
        where = (repository.id, repository.full_name)
    elif not caller.holds("admin") or caller.bound:
        raise Problem("Name the repository whose usage you want (`repository`).", status=403)
    settings, by = context.services.settings, query.by
    zone = settings.zone
    last = _day(query.last) if query.last else datetime.now(zone).date()
    first = _day(query.first) if query.first else last - timedelta(days=30)
    rows = await context.services.store.read(
        lambda connection: usage.sum_usage(connection, by, first, last, where, zone)
    )
    return Usage(
        first=first.isoformat(),
        last=last.isoformat(),
        time_zone=settings.time_zone,
        by=by,
        items=tuple(UsageItem(**row._asdict()) for row in rows),
    )


@operations.add("GET", "/deliveries", scope="admin")
async def list_deliveries(context: Context, query: DeliveryQuery) -> DeliveryPage:
    """List webhook deliveries, newest first."""
    found = await context.services.store.read(
        lambda connection: pages.list_deliveries(connection, query.state, query.after, query.limit + 1)
    )
    shown = found[: query.limit]
    more = cursor(shown[-1].received, shown[-1].guid) if len(found) > query.limit else None
    return DeliveryPage(items=tuple(_delivery(row) for row in shown), next=more)


@operations.add("GET", "/audit", scope="admin")
async def list_audit(context: Context, query: AuditQuery) -> AuditPage:
    """List decisions about permission, newest first."""
    after = None if query.after is None else query.after.at
    found = await context.services.store.read(
        lambda connection: pages.list_audit(
            connection,
            repository=query.repository,
            actor=query.actor,
            allowed=query.allowed,
            after=after,
            limit=query.limit + 1,
        )
    )
    shown = found[: query.limit]
    more = cursor(shown[-1].id, "0") if len(found) > query.limit else None
    rows = (row._asdict() | {"at": moment(row.at)} for row in shown)
    return AuditPage(items=tuple(AuditView(**row) for row in rows), next=more)


@operations.add("GET", "/audit/writes", scope="admin")
async def list_writes(context: Context, query: WriteQuery) -> WritePage:
    """List writes on GitHub, newest first."""
    since = datetime.combine(_day(query.since), time.min, UTC).timestamp() if query.since else 0
    wanted = TrailFilter(int(since * 1000), query.repository, query.actor, query.task)
    after = None if query.after is None else query.after.key
    found = await context.services.store.read(trail.list_writes, wanted, after, query.limit + 1)
    shown = found[: query.limit]
    more = cursor(shown[-1]["at"], shown[-1]["id"]) if len(found) > query.limit else None
    rows = (row | {"at": moment(row["at"]), "ended_at": maybe_moment(row["ended"])} for row in shown)
    return WritePage(items=tuple(WriteView(**row) for row in rows), next=more)


def _day(text: str) -> date:
    """Return a day; the form lets 30 February through, which is the 28th."""
    year, month, day = map(int, text.split("-"))
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _delivery(row: DeliveryRow) -> DeliveryView:
    ended = "done" if row.error is None else "failed"
    return DeliveryView(
        guid=row.guid,
        event=row.event,
        state="open" if row.done is None else ended,
        received_at=moment(row.received),
        done_at=maybe_moment(row.done),
        error=row.error,
    )
