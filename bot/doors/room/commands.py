"""Show what may be typed on GitHub, what it does and who may."""

from __future__ import annotations

from bot.doors.api.commands import CommandQuery, list_commands
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit

pages = Pages("commands")


@pages.add("GET", "/commands", access="person", title="Commands", place="work")
async def show_commands(visit: Visit) -> Answer:
    """Show all commands, by default or as a repository has them."""
    query = visit.read_query(CommandQuery)
    found = await visit.ask(list_commands, query=query)
    return Shown("commands.html", found=found, query=query, places=list_seen(visit))
