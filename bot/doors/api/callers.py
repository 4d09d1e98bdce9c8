"""Tell who asks: find the token of a request, and hold it to its limits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from aiohttp import web
from cachetools import TTLCache

from bot.doors.api.problems import Problem
from bot.doors.api.tokens import read_token
from bot.store import tokens
from bot.store.store import Store
from bot.store.tokens import StoredToken
from bot.types import Actor, Repository, Scope
from bot.work.origin import Principal

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="forgehand"'}
_MOST_TOKENS = 10_000


@dataclass(frozen=True)
class Caller:
    """The owner of the token that came with a request."""

    token: StoredToken

    @property
    def actor(self) -> Actor:
        """Return the account that the token is bound to."""
        return self.token.account

    @property
    def principal(self) -> Principal:
        """Return the principal, with no role as long as none is asked for."""
        return Principal(kind="token", actor=self.actor)

    def holds(self, scope: Scope) -> bool:
        """Return True if the token has a scope; administrators may read."""
        held = self.token.scopes
        return scope in held or (scope == "read" and "admin" in held)

    @property
    def bound(self) -> bool:
        """Return True if the token is good for some repositories only."""
        return self.token.repositories is not None

    def reaches(self, repository: Repository) -> bool:
        """Return True unless the token is bound to other repositories."""
        bound = self.token.repositories
        return bound is None or any(each.id == repository.id for each in bound)


@dataclass
class RateLimit:
    """A token bucket for each token: so many requests a minute.

    A bucket begins full. They are counted in this process.
    """

    a_minute: int
    _left: TTLCache[str, tuple[float, float]] = field(default_factory=lambda: TTLCache(_MOST_TOKENS, ttl=120.0))

    def take(self, token: str) -> float:
        """Take a request; return 0, or the seconds until there is one."""
        now = time.monotonic()
        left, at = self._left.get(token, (float(self.a_minute), now))
        left = min(float(self.a_minute), left + (now - at) * self.a_minute / 60)
        taken = left >= 1
        self._left[token] = (left - 1 if taken else left, now)
        return 0.0 if taken else (1 - left) * 60 / self.a_minute


async def identify(request: web.Request, store: Store) -> Caller:
    """Return the caller of a request.

    Raises :class:`Problem` (401) where there is no valid token. It is looked for in the ``Authorization`` header only:
    addresses end up in logs.
    """
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.casefold() != "bearer":
        raise Problem("Send a token as `Authorization: Bearer fhp_...`.", status=401, headers=_CHALLENGE)
    read = read_token(text.strip())
    digest = "" if read is None else read.digest
    token = await store.run(lambda connection: tokens.find(connection, digest)) if digest else None
    if token is None or not token.live:
        raise Problem(
            "The token is unknown, expired or revoked; whoever runs this server can make a new one.",
            status=401,
            headers=_CHALLENGE,
        )
    return Caller(token)
