"""Report money and decisions."""

from __future__ import annotations

import calendar
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Literal

from aiohttp import web
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
from bot.doors.api.operation import Operations, Sender, Sent
from bot.doors.api.problems import Problem
from bot.store import pages, trail, usage, worth
from bot.store.pages import AuditRow
from bot.store.trail import TrailFilter
from bot.store.usage_sums import UsageKey
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
    open: int = Field(ge=0, description="calls under way; not part of `calls`")
    open_micro_dollars: int = Field(ge=0, description="what is set aside for those; not part of `micro_dollars`")


class Usage(JsonModel):
    """The money that models took."""

    first: str
    last: str
    time_zone: str = Field(description="the zone in which days and months begin")
    by: UsageKey
    currency: Literal["USD"] = "USD"
    items: tuple[UsageItem, ...]
    total: UsageItem = Field(description="the sum of all items; its key is empty")


class WorthQuery(Sent):
    """The days and the repository that are wanted; both days included."""

    repository: RepositoryName | None = Field(
        default=None, description="needed, unless the token is an administrator's and bound to no repository"
    )
    first: Day | None = Field(default=None, description="30 days back where it is not given")
    last: Day | None = Field(default=None, description="today where it is not given")


class TaskWorth(JsonModel):
    """The ends of a type of task's pull requests, and what it cost."""

    task: str
    merged: int = Field(description="as they were made")
    edited: int = Field(description="merged after people changed them")
    closed: int
    reverted: int
    micro_dollars: int
    micro_dollars_a_merge: int | None = Field(description="null where nothing was merged")


class RuleWorth(JsonModel):
    """The ends of a rule's findings."""

    rule: str = Field(description="`tool:rule`, or `model:concern`")
    fixed: int
    ignored: int = Field(description="the pull request ended with them")
    disputed: int = Field(description="somebody rejected them")
    open: int
    accepted: float | None = Field(description="share of `fixed` in those that ended; null where none did")


class Worth(JsonModel):
    """Ends of pull requests and findings, beside what was paid."""

    first: str
    last: str
    time_zone: str = Field(description="the zone in which days begin")
    currency: Literal["USD"] = "USD"
    tasks: tuple[TaskWorth, ...]
    rules: tuple[RuleWorth, ...]


@dataclass(frozen=True)
class UsageTable(Sender):
    """The report as a table to save; money is in micro-dollars."""

    usage: Usage
    content: ClassVar[Mapping[str, Mapping[str, Any]]] = {"text/csv": {"type": "string"}}

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send it as a file."""
        shown = self.usage
        name = f'attachment; filename="usage-{shown.by}-{shown.first}-{shown.last}.csv"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return web.Response(text=_write_table(shown), content_type="text/csv", charset="utf-8", headers=headers)


class AuditQuery(PageQuery):
    """The decisions that are wanted."""

    since: Day | None = Field(default=None, description="only what was on this day (UTC) or later")
    repository: RepositoryName | None = None
    actor: Login | None = None
    allowed: bool | None = None
    task: TaskId | None = None


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
    first, last = _find_days(context, query.first, query.last)
    where = await find_place(context, caller, query.repository, "read usage")
    settings, by = context.services.settings, query.by
    rows = await context.services.store.read(usage.sum_usage, by, first, last, where, settings.zone)
    return Usage(
        first=first.isoformat(),
        last=last.isoformat(),
        time_zone=settings.time_zone,
        by=by,
        items=tuple(UsageItem(**row._asdict()) for row in rows),
        total=UsageItem(**usage.add_up(rows)._asdict()),
    )


@operations.add("GET", "/usage.csv", scope="read")
async def read_usage_table(context: Context, caller: Caller, query: UsageQuery) -> UsageTable:
    """Return what models cost as a table of comma-separated values.

    A line for each key, money in micro-dollars; the last line is their sum.
    """
    return UsageTable(await read_usage(context, caller, query))


@operations.add("GET", "/worth", scope="read")
async def read_worth(context: Context, caller: Caller, query: WorthQuery) -> Worth:
    """Tell what became of pull requests and findings, and what they cost.

    What ended in these days counts. `micro_dollars` is all that models cost in them for tasks of the type, also those
    that opened no pull request; what is merged is paid by the whole.
    """
    first, last = _find_days(context, query.first, query.last)
    where = await find_place(context, caller, query.repository, "read usage")
    settings = context.services.settings
    tasks, rules = await context.services.store.read(worth.measure, first, last, where, settings.zone)
    return Worth(
        first=first.isoformat(),
        last=last.isoformat(),
        time_zone=settings.time_zone,
        tasks=tuple(TaskWorth(**one._asdict(), micro_dollars_a_merge=one.a_merge) for one in tasks),
        rules=tuple(RuleWorth(**one._asdict(), accepted=one.accepted) for one in rules),
    )


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
            task=query.task,
            since=_begin(query.since),
            after=after,
            limit=query.limit + 1,
        )
    )
    shown = found[: query.limit]
    more = cursor(shown[-1].id, "0") if len(found) > query.limit else None
    return AuditPage(items=tuple(show_decision(row) for row in shown), next=more)


def show_decision(row: AuditRow) -> AuditView:
    """Show a row of the audit trail."""
    return AuditView(**row._asdict() | {"at": moment(row.at)})


@operations.add("GET", "/audit/writes", scope="admin")
async def list_writes(context: Context, query: WriteQuery) -> WritePage:
    """List writes on GitHub, newest first."""
    wanted = TrailFilter(_begin(query.since), query.repository, query.actor, query.task)
    after = None if query.after is None else query.after.key
    found = await context.services.store.read(trail.list_writes, wanted, after, query.limit + 1)
    shown = found[: query.limit]
    more = cursor(shown[-1]["at"], shown[-1]["id"]) if len(found) > query.limit else None
    rows = (row | {"at": moment(row["at"]), "ended_at": maybe_moment(row["ended"])} for row in shown)
    return WritePage(items=tuple(WriteView(**row) for row in rows), next=more)


async def find_place(context: Context, caller: Caller, name: str | None, action: str) -> tuple[int, str] | None:
    """Return id and name of the repository that is asked about, None for all.

    Raises :class:`Problem` (403).
    """
    if name is not None:
        repository = await context.gate.readable(caller, name, action)
        return repository.id, repository.full_name
    if not caller.holds("admin") or caller.bound:
        raise Problem("Name the repository whose usage you want (`repository`).", status=403)
    return None


async def sum_by_day(
    context: Context, caller: Caller, query: UsageQuery, kept: Sequence[str] | None
) -> dict[tuple[str, str], int]:
    """Add up what was paid on each day by the key of a query, for a picture.

    Of ``kept`` keys all others are one. Returns micro-dollars by day and key. Raises :class:`Problem` (403).
    """
    first, last = _find_days(context, query.first, query.last)
    where = await find_place(context, caller, query.repository, "read usage")
    zone = context.services.settings.zone
    return await context.services.store.read(usage.sum_days, query.by, first, last, where, zone, kept)


def _find_days(context: Context, first: str | None, last: str | None) -> tuple[date, date]:
    """Return the days that are asked about, the last 31 by default."""
    ends = _day(last) if last else datetime.now(context.services.settings.zone).date()
    return (_day(first) if first else ends - timedelta(days=30)), ends


def _write_table(shown: Usage) -> str:
    """Write a table that programs for sheets take for text, not formulas."""
    fields = list(UsageItem.model_fields)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"{shown.by} ({shown.time_zone})", *fields[1:]])
    for item in (*shown.items, shown.total.model_copy(update={"key": "total"})):
        row = item.model_dump()
        mark = "'" if row["key"].startswith(("=", "+", "-", "@", "\t", "\r")) else ""
        writer.writerow([mark + row["key"], *(row[name] for name in fields[1:])])
    return text.getvalue()


def _begin(day: str | None) -> int:
    """Return when a day begins in UTC, in milliseconds; 0 for none."""
    return 0 if day is None else int(datetime.combine(_day(day), time.min, UTC).timestamp() * 1000)


def _day(text: str) -> date:
    """Return a day; the form lets 30 February through, which is the 28th."""
    year, month, day = map(int, text.split("-"))
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
