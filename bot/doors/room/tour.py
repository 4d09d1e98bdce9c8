"""Show the three things that people do with Forgehand."""

from __future__ import annotations

from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.visit import Visit

pages = Pages("tour")


@pages.add("GET", "/tour", access="person", title="Tour", place="you")
async def show_tour(visit: Visit) -> Answer:
    """Show how to ask for work, how to follow it, and how to decide."""
    tasks = {spec.name: spec.summary for spec in visit.context.registry}
    return Shown("tour.html", tasks=tasks)
