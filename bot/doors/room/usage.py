"""Show what models cost: by day and by whatever else one asks, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from bot.doors.api.reports import (
    Usage,
    UsageItem,
    UsageQuery,
    UsageTable,
    WorthQuery,
    read_usage,
    read_usage_table,
    read_worth,
    sum_by_day,
)
from bot.doors.room.charts import COLOURS, Chart, draw_bars, fold_series
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit
from bot.money import exactly

pages = Pages("usage")
_KINDS = {
    "day": "day",
    "month": "month",
    "role": "role",
    "model": "model",
    "repository": "repository",
    "owner": "organisation",
    "actor": "person",
    "task": "task",
    "key": "key",
}
_DAYS = 93  # of a longer time each bar is a month


@pages.add("GET", "/usage", access="person", title="Usage", place="work")
async def show_usage(visit: Visit) -> Answer:
    """Show what was paid, set aside, refused and lost, and what came of it."""
    query = visit.read_query(UsageQuery)
    seen = list_seen(visit)
    if query.repository is None and not visit.is_administrator:
        if not seen:
            return Shown("usage.html", usage=None, query=query, kinds=_KINDS, seen=seen)
        query = query.model_copy(update={"repository": seen[0]})
    days = WorthQuery(repository=query.repository, first=query.first, last=query.last)
    usage = await visit.ask(read_usage, query=query)
    items = _sort(usage)
    worth, paid = await asyncio.gather(visit.ask(read_worth, query=days), _sum_parts(visit, query, items))
    given = {"by": usage.by, "first": usage.first, "last": usage.last, "repository": query.repository or ""}
    return Shown(
        "usage.html",
        usage=usage,
        items=items,
        query=query,
        kinds=_KINDS,
        seen=seen,
        chart=_draw(usage, paid),
        table=f"/room/usage.csv?{urlencode({name: value for name, value in given.items() if value})}",
        tasks=worth.tasks,
        rules=worth.rules,
    )


@pages.add("GET", "/usage.csv", access="reader", title="Usage as a table")
async def send_usage(visit: Visit) -> Answer:
    """Send the numbers of the page as a file."""
    query = visit.read_query(UsageQuery)
    if query.repository is None and not visit.is_administrator:
        query = query.model_copy(update={"repository": next(iter(list_seen(visit)), None)})
    table: UsageTable = await visit.ask(read_usage_table, query=query)
    return await table.send(visit.request)


async def _sum_parts(
    visit: Visit, query: UsageQuery, items: Sequence[UsageItem]
) -> Mapping[tuple[str, str], int] | None:
    """Add up the parts of the bars that have a colour.

    None where the sums are of days anyway.
    """
    if query.by == "day":
        return None
    names = [item.key for item in items if item.micro_dollars]
    kept = names[: COLOURS - 1] if query.by != "month" and len(names) > COLOURS else None
    return await sum_by_day(visit.context, visit.caller, query, kept)


def _sort(usage: Usage) -> Sequence[UsageItem]:
    """Return days in their order, all else with the dearest first."""
    if usage.by in ("day", "month"):
        return usage.items
    return sorted(usage.items, key=lambda item: (-item.micro_dollars, item.key))


def _draw(usage: Usage, paid: Mapping[tuple[str, str], int] | None) -> Chart:
    """Draw a bar for each day, or each month of a long time.

    ``paid`` is by day and part; without it the days of the sums themselves are drawn.
    """
    if paid is None:
        paid = {(item.key, ""): item.micro_dollars for item in usage.items if item.micro_dollars}
    first, last = date.fromisoformat(usage.first), date.fromisoformat(usage.last)
    days = [(first + timedelta(days=number)).isoformat() for number in range(max((last - first).days, 0) + 1)]
    length = 10 if len(days) <= _DAYS else 7
    values: dict[tuple[str, str], int] = {}
    for (day, name), cost in paid.items():
        place = (day[:length], name)
        values[place] = values.get(place, 0) + cost
    labels = list(dict.fromkeys(day[:length] for day in days))
    title = f"What models cost from {usage.first} to {usage.last}, by {'day' if length == 10 else 'month'}"
    return draw_bars(labels, fold_series(values, labels), title=title, tell=exactly)
