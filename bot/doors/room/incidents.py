"""Show incidents: what broke, what was decided, how it ended, and how long troubles lasted."""

from __future__ import annotations

from typing import Any, get_args

from bot.doors.api.incidents import IncidentQuery, list_incidents, read_incident
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.visit import Visit
from bot.markdown import duration
from bot.store.incidents import IncidentState

pages = Pages("incidents")
_TOLD = ("act", "verdict", "from", "to", "title", "reason", "text", "why", "summary")


@pages.add("GET", "/incidents", access="person", title="Incidents", place="work")
async def show_incidents(visit: Visit) -> Answer:
    """Show a page of incidents, and by class how long they lasted."""
    query = visit.read_query(IncidentQuery)
    found = await visit.ask(list_incidents, query=query)
    return Shown(
        "incidents.html",
        found=found,
        query=query,
        filters=query.model_dump(exclude_none=True, exclude={"cursor"}, exclude_defaults=True),
        states=get_args(IncidentState),
        times=[(one.cause, one.ended, duration(one.p50), duration(one.p90)) for one in found.times],
    )


@pages.add("GET", "/incidents/{incident:[0-9a-f]{12}}", access="reader", title="Incident")
async def show_incident(visit: Visit) -> Answer:
    """Show one incident with its timeline and what was started."""
    one = await visit.ask(read_incident, id=visit.part("incident"))
    timeline = [(each.at, each.kind.replace("_", " "), _say(each.data)) for each in one.timeline]
    return Shown("incident.html", one=one, timeline=timeline)


def _say(data: dict[str, Any]) -> str:
    """Return what an entry of a timeline tells, in one line."""
    return ": ".join(str(data[name]) for name in _TOLD if data.get(name))
