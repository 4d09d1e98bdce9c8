"""Show what waits, what runs and what failed."""

from __future__ import annotations

from bot.doors.api.tasks import TaskQuery, list_tasks
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.visit import Visit

pages = Pages("home")


@pages.add("GET", "", access="person", title="Home", place="work")
async def show_home(visit: Visit) -> Answer:
    """Show what waits for people and what runs."""
    waiting = await visit.ask(list_tasks, query=TaskQuery(state="awaiting_approval", limit=10))
    running = await visit.ask(list_tasks, query=TaskQuery(state="running", limit=10))
    return Shown("home.html", waiting=waiting.items, running=running.items)
