"""List the repositories that somebody may choose from."""

from __future__ import annotations

from bot.doors.room.visit import Visit


def list_seen(visit: Visit) -> list[str]:
    """List the names of repositories that GitHub lately said one may read."""
    assert visit.signed is not None
    return sorted(one.repository.full_name for one in visit.signed.session.seen)
