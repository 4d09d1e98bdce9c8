"""Open sessions, find them again by a cookie, end them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from aiohttp import web

from bot.doors.room.guard import find_origin
from bot.settings import Settings
from bot.store import sessions
from bot.store.database import now_ms
from bot.store.sessions import LONGEST_MS, SeenRepository, Session
from bot.store.store import Store
from bot.types import Actor

_BYTES = 32
_LONGEST_TEXT = 100
_BROWSER = 200


class Cookies:
    """The cookies of the room: their names, and how they are set.

    Where the public address is https their names promise that nobody but this host has set them.
    """

    def __init__(self, settings: Settings) -> None:
        self.secure = (find_origin(settings) or "").startswith("https://")
        self._prefix = "__Host-forgehand" if self.secure else "forgehand"

    def name(self, kind: str) -> str:
        """Return the name of a kind of cookie, such as ``session``."""
        return f"{self._prefix}-{kind}"

    def read(self, request: web.Request, kind: str) -> str:
        """Return what a browser keeps, "" for nothing."""
        return request.cookies.get(self.name(kind), "")

    def set(self, response: web.StreamResponse, kind: str, text: str, seconds: int) -> None:
        """Let a browser keep a text."""
        response.set_cookie(
            self.name(kind), text, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="Lax"
        )

    def drop(self, response: web.StreamResponse, kind: str) -> None:
        """Let a browser forget a text."""
        response.del_cookie(self.name(kind), path="/", secure=self.secure, httponly=True, samesite="Lax")


def hash_secret(text: str) -> str:
    """Return the hash that is stored of a secret with 256 random bits."""
    return hashlib.sha256(text.encode()).hexdigest()


def make_session(account: Actor | None, browser: str, seen: Sequence[SeenRepository] = ()) -> tuple[Session, str]:
    """Return a session to store, and what its cookie holds.

    ``account`` None: of the local administrator.
    """
    secret, now = secrets.token_urlsafe(_BYTES), now_ms()
    session = Session(
        id=secrets.token_hex(8),
        hash=hash_secret(secret),
        account=account,
        seen=tuple(seen),
        seen_at=now,
        browser=browser[:_BROWSER],
        created=now,
        used=now,
    )
    return session, secret


async def find_session(store: Store, text: str) -> Session | None:
    """Return the session that a cookie is of, None for none."""
    if not text or len(text) > _LONGEST_TEXT:
        return None
    found = await store.read(sessions.find, hash_secret(text))  # a page waits for nothing that writes
    if found is not None and not found.is_used:
        await store.run(sessions.note_use, found.id)
    return found


SESSION_SECONDS = LONGEST_MS // 1000
