"""Keep what a session may see in step with GitHub."""

from __future__ import annotations

import asyncio

import structlog

from bot.doors.room.person import is_administrator
from bot.github.api.client import Client
from bot.github.api.errors import BadCredentials, GitHubError
from bot.github.resources import repos, users
from bot.sealing.masters import find_master
from bot.sealing.port import SealError
from bot.sealing.sealer import Sealer
from bot.store import sealed, sessions
from bot.store.database import now_ms
from bot.store.sessions import HOUR_MS, SeenRepository, Session
from bot.types import Actor
from bot.work.services import Services

_FRESH_MS = 600_000
_STALE_MS = HOUR_MS  # longer than this nothing is shown that GitHub has not confirmed
log = structlog.get_logger(__name__)


async def look_around(client: Client) -> tuple[Actor, tuple[SeenRepository, ...]]:
    """Return whose token a client has, and what that account may read."""
    account = await users.read_me(client)
    visible = await repos.list_visible(client)
    return account, tuple(SeenRepository(repository=place, role=role) for place, role in visible)


class Freshness:
    """The knowledge of GitHub in sessions, renewed every ten minutes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._master = find_master(services.settings)
        self._sealer = Sealer(self._master)
        self._running: dict[str, asyncio.Task[Session | None]] = {}

    async def seal(self, session: Session, token: str, seconds: int) -> Session:
        """Return a session with its token sealed in it.

        Raises :class:`SealError`.
        """
        if not await self._services.store.run(sealed.exist):
            await self._master.prepare()
        text = await self._sealer.seal(token, session.place)
        return session.model_copy(update={"token": text, "token_until": now_ms() + seconds * 1000})

    async def open(self, session: Session) -> str | None:
        """Return a session's token, None where none is kept that still works."""
        if session.token is None or (session.token_until or 0) < now_ms():
            return None
        return await self._sealer.open(session.token, session.place)

    async def renew(self, session: Session) -> Session | None:
        """Return a session that is in step; None: sign in again.

        Raises :class:`GitHubError` where GitHub has been silent for too long.
        """
        if session.account is None or now_ms() - session.seen_at < _FRESH_MS:
            return session
        task = self._running.get(session.id)
        if task is None:
            task = self._running[session.id] = asyncio.create_task(self._look_again(session))
            task.add_done_callback(lambda _task: self._running.pop(session.id, None))
        return await asyncio.shield(task)

    async def _look_again(self, session: Session) -> Session | None:
        try:
            seen = await self._ask(session)
        except (BadCredentials, SealError):
            seen = None
        except GitHubError as error:
            log.warning("what a session may see could not be renewed", reason=error.message)
            if now_ms() - session.seen_at > _STALE_MS:
                raise
            return session
        store = self._services.store
        if seen is None:
            await store.run(lambda connection: sessions.end(connection, session.id))
            return None
        await store.run(lambda connection: sessions.note_seen(connection, session.id, seen))
        return session.model_copy(update={"seen": seen, "seen_at": now_ms()})

    async def _ask(self, session: Session) -> tuple[SeenRepository, ...] | None:
        """Return what the account may read now; None where it is no longer let in."""
        token = await self.open(session)
        if token is None:
            return None
        account, seen = await look_around(self._services.github.for_person(token))
        return seen if seen or is_administrator(self._services.settings, account) else None
