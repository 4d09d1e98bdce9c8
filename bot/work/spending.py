"""Change limits of what models may cost, with a row of the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from bot.money import exactly
from bot.store import audit, limits
from bot.store.limits import Limit


def set_limit(connection: sa.Connection, limit: Limit, actor: str | None, caller: str | None) -> None:
    """Set a limit for an account; ``caller`` is the id of its token."""
    limits.set_limit(connection, limit, actor or "")
    said = f"{exactly(limit.ceiling)}{limit.span}, {limit.strength}{tell_end(limit)}"
    audit.record(connection, f"set limit {limit.key}", allowed=True, reason=said, actor=actor, delivery=caller)


def remove_limit(connection: sa.Connection, limit: Limit, actor: str | None, caller: str | None) -> bool:
    """Remove a limit for an account; False where there is none."""
    found = limits.remove_limit(connection, limit)
    if found:
        said = f"{limit.period}, {limit.strength}"
        audit.record(connection, f"remove limit {limit.key}", allowed=True, reason=said, actor=actor, delivery=caller)
    return found


def tell_end(limit: Limit) -> str:
    """Say when a limit ends, or nothing."""
    if limit.until is None:
        return ""
    return f", until {datetime.fromtimestamp(limit.until / 1000, UTC):%Y-%m-%d %H:%M} UTC"
