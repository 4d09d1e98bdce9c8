"""Show a repository's flaky and bad tests: what CI told, what experiments showed, and what is in quarantine."""

from __future__ import annotations

from bot.doors.api.flaky import FlakyQuery, list_flaky_tests
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit

pages = Pages("flaky")


@pages.add("GET", "/flaky", access="person", title="Flaky tests", place="work")
async def show_flaky_tests(visit: Visit) -> Answer:
    """Show a page of a repository's tests; the only one is not asked for."""
    places = list_seen(visit)
    if not visit.request.query.get("repository"):
        if len(places) != 1:
            return Shown("flaky.html", found=None, query=None, places=places, filters={})
        query = FlakyQuery(repository=places[0])
    else:
        query = visit.read_query(FlakyQuery)
    found = await visit.ask(list_flaky_tests, query=query)
    filters = {"repository": query.repository, "limit": query.limit}
    return Shown("flaky.html", found=found, query=query, places=places, filters=filters)
