"""Tell who is signed in, as a caller of the API's operations."""

from __future__ import annotations

from dataclasses import dataclass

from bot.doors.api.callers import Caller
from bot.settings import Settings
from bot.store.sessions import Session
from bot.types import Actor, Scope
from bot.work.origin import Principal


@dataclass(frozen=True)
class Signed:
    """A session and what its holder may ask as."""

    session: Session
    caller: Caller


# no login of GitHub has brackets: nobody is spoken to by mistake
LOCAL = Actor(login="(administrator)", id=0)


def is_administrator(settings: Settings, account: Actor) -> bool:
    """Return True if the settings name an account, by login or id."""
    return any(
        int(name) == account.id if name.isdigit() else name.casefold() == account.login.casefold()
        for name in settings.administrators
    )


def make_signed(settings: Settings, session: Session) -> Signed:
    """Return whom a session stands for."""
    account = session.account
    scopes: tuple[Scope, ...] = ("read", "run")
    if account is None:
        scopes = ("read", "admin")  # GitHub knows no role of nobody: what is done there needs an account
    elif is_administrator(settings, account):
        scopes = ("read", "run", "admin")
    seen = None if "admin" in scopes else {one.repository.full_name.casefold(): one for one in session.seen}
    caller = Caller(
        id=session.id,
        secret=session.hash,
        door="room",
        principal=Principal(actor=account or LOCAL),
        scopes=scopes,
        repositories=None,
        expires=session.expires,
        seen=seen,
    )
    return Signed(session, caller)
