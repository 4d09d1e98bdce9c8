"""Show who was let do what, and hand it out as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from aiohttp import web

from bot.doors.api.reports import AuditQuery, AuditView, list_audit
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.visit import Visit

pages = Pages("audit")
_FIELDS = tuple(AuditView.model_fields)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pages.add("GET", "/audit", access="administrator", title="Audit", place="server")
async def show_audit(visit: Visit) -> Answer:
    """Show a page of decisions, newest first."""
    query = visit.read_query(AuditQuery)
    page = await visit.ask(list_audit, query=query)
    filters = query.model_dump(mode="json", exclude_none=True, exclude={"cursor", "limit"})
    given = {name: str(value).lower() if isinstance(value, bool) else value for name, value in filters.items()}
    return Shown("audit.html", found=page, query=given)


@pages.add("GET", "/audit.jsonl", access="administrator", title="Audit as lines of JSON")
async def export_lines(visit: Visit) -> Answer:
    """Send all decisions that the filters let through as lines of JSON."""
    response = await _begin(visit, "jsonl", "application/jsonl")
    async for row in _read_all(visit):
        await response.write(row.model_dump_json().encode() + b"\n")
    return response


@pages.add("GET", "/audit.csv", access="administrator", title="Audit as a table")
async def export_table(visit: Visit) -> Answer:
    """Send all decisions that the filters let through as a table."""
    response = await _begin(visit, "csv", "text/csv")
    await response.write(_write_line(_FIELDS))
    async for row in _read_all(visit):
        await response.write(_write_line(tuple(row.model_dump(mode="json").values())))
    return response


async def _begin(visit: Visit, ending: str, kind: str) -> web.StreamResponse:
    """Begin to send a file; what is wrong with the filters is said before."""
    visit.read_query(AuditQuery)
    day = datetime.now(UTC).date().isoformat()
    headers = {
        "Content-Disposition": f'attachment; filename="audit-{day}.{ending}"',
        "Content-Type": f"{kind}; charset=utf-8",
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(visit.request)
    return response


async def _read_all(visit: Visit) -> AsyncIterator[AuditView]:
    """Read every row, a page at a time."""
    query: AuditQuery | None = visit.read_query(AuditQuery).model_copy(update={"limit": 100})
    while query is not None:
        page = await visit.ask(list_audit, query=query)
        for row in page.items:
            yield row
        query = query.model_copy(update={"cursor": page.next}) if page.next else None


def _write_line(values: tuple[object, ...]) -> bytes:
    """Return a line of a table; no program takes a text of it for a formula."""
    texts = ("" if value is None else str(value) for value in values)
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([f"'{one}" if one.startswith(_FORMULA) else one for one in texts])
    return line.getvalue().encode()
