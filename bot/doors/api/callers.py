"""Tell who asks, and hold them to their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from bot.doors.api.problems import FieldProblem, Problem
from bot.doors.api.tokens import read_token
from bot.github.resources.permissions import Role
from bot.rates import Allowance, RatesPart
from bot.store import sessions, tokens
from bot.store.database import now_ms
from bot.store.sessions import SeenRepository
from bot.store.store import Store
from bot.store.tokens import TokenRepository
from bot.types import Actor, Repository, Scope
from bot.work.origin import Door, Principal

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="forgehand"'}
_TOGETHER = 5


@dataclass(frozen=True)
class Caller:
    """The account that asks: by a token, a run of Actions or in the room.

    ``id`` is the token's, the run's or the session's; ``secret`` is known to this server only, so that nobody can
    foresee what is derived from it. ``repositories`` None: every one that the account may use. ``expires`` is
    milliseconds since the epoch, ``pull`` the pull request whose code the run has. ``seen`` are the repositories that
    GitHub lately said the account may read, by their names in lower case; None: GitHub is asked about each.
    """

    id: str
    secret: str = field(repr=False)
    door: Door
    principal: Principal
    scopes: tuple[Scope, ...]
    repositories: tuple[TokenRepository, ...] | None
    expires: int
    pull: int | None = None
    seen: Mapping[str, SeenRepository] | None = None

    @property
    def actor(self) -> Actor:
        """Return the account."""
        return self.principal.actor

    def holds(self, scope: Scope) -> bool:
        """Return True if the caller has a scope; administrators may read."""
        return scope in self.scopes or (scope == "read" and "admin" in self.scopes)

    @property
    def administers(self) -> bool:
        """Return True for whoever administers the server as a whole."""
        return self.holds("admin") and not self.bound

    def check_scope(self, scope: Scope, *, administrators: bool = False) -> None:
        """Raise :class:`Problem` (403) unless the caller may ask for this.

        ``administrators``: those of the server need no other scope for it.
        """
        if administrators and self.administers:
            return
        if not self.holds(scope):
            lacks = "You lack" if self.door == "room" else "This token lacks"
            raise Problem(f"{lacks} the scope `{scope}`.", status=403)
        if scope == "admin" and self.bound:
            raise Problem("This token is bound to repositories; this tells of all.", status=403)

    @property
    def bound(self) -> bool:
        """Return True if the caller may use some repositories only."""
        return self.repositories is not None

    def reaches(self, repository: Repository) -> bool:
        """Return True unless the caller is bound to other repositories."""
        bound = self.repositories
        return bound is None or any(each.id == repository.id for each in bound)

    def sees(self, repository: Repository) -> bool:
        """Return True if GitHub lately said that the account may read it."""
        return any(each.repository.id == repository.id for each in (self.seen or {}).values())

    def seems(self, full_name: str, level: str) -> bool:
        """Tell whether GitHub lately said that the role there includes a level.

        It is for what is shown: each act asks GitHub.
        """
        known = (self.seen or {}).get(full_name.casefold())
        return known is not None and Role(name=known.role, base=known.role).at_least(level)

    def blame(self, claim: str, reason: str) -> tuple[FieldProblem, ...]:
        """Name the claim of a run's token that a refusal is about."""
        return (FieldProblem(where=f"token.{claim}", problem=reason),) if self.door == "action" else ()

    async def is_live(self, store: Store) -> bool:
        """Return True if the caller may still ask, so long after it began."""
        if self.door == "action":
            return self.expires > now_ms()
        if self.door == "room":
            return await store.read(lambda connection: sessions.is_live(connection, self.id))
        return await store.read(lambda connection: tokens.is_live(connection, self.id))


class CallerRates:
    """So many requests a minute of a token or a run.

    An account may ask five times as much, with all its tokens and runs together, and so may the runs of a repository.
    """

    def __init__(self, rates: RatesPart, a_minute: int) -> None:
        self._a_minute = a_minute
        self._rates = rates

    def take(self, caller: Caller) -> float:
        """Take a request; return 0, or the seconds until there is one."""
        places = (caller.repositories or ()) if caller.door == "action" else ()
        together = [f"person {caller.actor.id}", *(f"repository {place.id}" for place in places)]
        wide = (Allowance(name, self._a_minute * _TOGETHER) for name in together)
        return self._rates.take(Allowance(f"caller {caller.id}", self._a_minute), *wide)


def read_bearer(request: web.Request) -> str:
    """Return what a request shows in its ``Authorization`` header.

    It is looked for nowhere else: addresses end up in logs. Raises :class:`Problem` (401).
    """
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.casefold() != "bearer":
        raise Problem("Send a token as `Authorization: Bearer fhp_...`.", status=401, headers=CHALLENGE)
    return text.strip()


async def identify(text: str, store: Store) -> Caller:
    """Return whom a token of ours stands for.

    Raises :class:`Problem` (401) where it is none, or none any more.
    """
    read = read_token(text)
    digest = "" if read is None else read.digest
    token = await store.read(tokens.find, digest) if digest else None  # a request waits for nothing that writes
    if token is None or not token.live:
        raise Problem(
            "The token is unknown, expired or revoked; whoever runs this server can make a new one.",
            status=401,
            headers=CHALLENGE,
        )
    if not token.is_used:
        await store.run(tokens.note_use, token.id)
    return Caller(
        id=token.id,
        secret=token.hash,
        door="api",
        principal=Principal(kind="token", actor=token.account),
        scopes=token.scopes,
        repositories=token.repositories,
        expires=token.expires,
    )
