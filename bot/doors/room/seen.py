"""Tell what GitHub lately said of somebody's repositories: which there are, and the role in each."""

from __future__ import annotations

from bot.doors.room.visit import Visit
from bot.github.resources.permissions import Role


def list_seen(visit: Visit) -> list[str]:
    """List the names of repositories that GitHub lately said one may read."""
    assert visit.signed is not None
    return sorted(one.repository.full_name for one in visit.signed.session.seen)


def seems(visit: Visit, full_name: str, level: str) -> bool:
    """Tell whether somebody's role in a repository includes a level.

    It is only for what a page shows: each act asks GitHub.
    """
    known = (visit.caller.seen or {}).get(full_name.casefold())
    return known is not None and Role(name=known.role, base=known.role).at_least(level)
