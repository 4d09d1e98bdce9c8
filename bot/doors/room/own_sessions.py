"""Show people where they are signed in, and let them end that."""

from __future__ import annotations

from bot.doors.api.fields import moment
from bot.doors.api.problems import Problem
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.visit import Visit
from bot.store import sessions
from bot.store.sessions import Session

pages = Pages("sessions")


@pages.add("GET", "/sessions", access="person", title="Sessions", place="you")
async def show_sessions(visit: Visit) -> Answer:
    """Show the account's sessions."""
    found = await _list(visit)
    rows = [
        {
            "id": one.id,
            "browser": one.browser,
            "used_at": moment(one.used),
            "created_at": moment(one.created),
            "here": one.id == visit.caller.id,
        }
        for one in found
    ]
    return Shown("sessions.html", sessions=rows, seen=visit.caller.seen)


@pages.add("POST", "/sessions/{id}/end", access="person", title="End a session")
async def end_session(visit: Visit) -> Answer:
    """End a session of one's own."""
    number = visit.part("id")
    found = next((one for one in await _list(visit) if one.id == number), None)
    if found is None:
        raise Problem("There is no such session of yours; perhaps it has ended.", status=404)
    await visit.desk.end(found)
    return Moved(f"{PREFIX}/sessions", "The session has ended.")


async def _list(visit: Visit) -> list[Session]:
    assert visit.signed is not None
    account = visit.signed.session.account
    return await visit.context.services.store.read(sessions.list_of, None if account is None else account.id)
