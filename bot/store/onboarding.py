"""Keep the App that was registered, sealed, and set-ups under way: what was chosen, and states by their hashes."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.onboarding_tables import app, setup_state, wishes
from bot.store.upsert import insert
from bot.types import JsonModel

_ONLY = "app"  # a server has one App
_KEPT_MS = 7 * 24 * 3_600_000
Action = Literal["register", "install"]


class SealedApp(JsonModel):
    """The App as it is stored; ``created``: milliseconds since the epoch."""

    sealed: str
    created: int


class SetupState(JsonModel):
    """Expectation of what GitHub brings back, once, for a session and action."""

    hash: str
    session: str
    action: Action
    host: str  # web address of the GitHub that was asked
    expires: int  # milliseconds since the epoch


def put_app(connection: sa.Connection, sealed: str, *, replace: bool = False) -> bool:
    """Store the App; return False where there is one that is not replaced."""
    found = find_app(connection)
    if found is not None and not replace:
        return False
    connection.execute(app.delete())
    # its time tells it from the one before, however fast it came
    created = max(now_ms(), 0 if found is None else found.created + 1)
    connection.execute(app.insert().values(id=_ONLY, sealed=sealed, created=created))
    return True


def find_app(connection: sa.Connection) -> SealedApp | None:
    """Return the App that is stored."""
    row = connection.execute(sa.select(app).where(app.c.id == _ONLY)).one_or_none()
    return None if row is None else SealedApp.model_validate(dict(row._mapping))


def keep_wishes(connection: sa.Connection, session: str, chosen: dict[str, Any]) -> None:
    """Keep what was chosen in a session, for a week."""
    connection.execute(wishes.delete().where(wishes.c.expires <= now_ms()))
    values = {"chosen": chosen, "expires": now_ms() + _KEPT_MS}
    new = insert(connection, wishes).values(session=session, **values)
    connection.execute(new.on_conflict_do_update(index_elements=[wishes.c.session], set_=values))


def find_wishes(connection: sa.Connection, session: str) -> dict[str, Any]:
    """Return what was chosen in a session, {} where nothing was."""
    return connection.execute(sa.select(wishes.c.chosen).where(wishes.c.session == session)).scalar_one_or_none() or {}


def add_state(connection: sa.Connection, state: SetupState) -> None:
    """Store a state in place of the session's last one for the same action."""
    last = (setup_state.c.session == state.session) & (setup_state.c.action == state.action)
    connection.execute(setup_state.delete().where(last | (setup_state.c.expires <= now_ms())))
    connection.execute(setup_state.insert().values(state.model_dump()))


def take_state(connection: sa.Connection, digest: str) -> SetupState | None:
    """Return a state and forget it: it is good once, whatever comes of it."""
    taken = connection.execute(setup_state.delete().where(setup_state.c.hash == digest).returning(*setup_state.c))
    row = taken.one_or_none()
    return None if row is None else SetupState.model_validate(dict(row._mapping))
