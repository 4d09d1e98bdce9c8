"""Show what the doctor found, and have it look again."""

from __future__ import annotations

from bot.doors.api.checkup import CheckupView, read_checkup, run_checkup
from bot.doors.api.problems import Problem
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.visit import Visit

pages = Pages("health")


async def find_checkup(visit: Visit) -> CheckupView | None:
    """Return what the doctor found last, None if it never looked."""
    try:
        return await visit.ask(read_checkup)
    except Problem as problem:
        if problem.status != 404:
            raise
        return None


@pages.add("GET", "/health", access="administrator", title="Health", place="server")
async def show_health(visit: Visit) -> Answer:
    """Show what the doctor found last, and when."""
    return Shown("health.html", found=await find_checkup(visit))


@pages.add("POST", "/health", access="administrator", title="Health")
async def run_doctor(visit: Visit) -> Answer:
    """Have the doctor look now."""
    await visit.ask(run_checkup)
    return Moved("/room/health")
