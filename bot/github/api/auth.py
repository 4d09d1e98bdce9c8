"""Sign as the App by a JWT, as an installation by short-lived narrowed tokens, or with a token that was given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import jwt
from cachetools import TLRUCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm

from bot.github.api.channel import Channel
from bot.github.api.client import Client
from bot.github.api.errors import BadCredentials, Forbidden, Invalid, NotFound, Response
from bot.github.api.limiter import Clock
from bot.github.api.retry import server_time
from bot.github.api.scopes import satisfies
from bot.github.api.transport import READING, Transport
from bot.logs import register_secret
from bot.types import Actor

_JWT_SECONDS = 540
_JWT_REUSE = 300.0
_BACKDATED = 60
_SKEW_WORTH_NOTING = 5.0
# A token is handed out only while a slow push or a long page-through can still finish with it.
_TOKEN_MARGIN = 600.0
# GitHub's replicas learn of a new token within seconds; until then they refuse it.
_YOUNG = 10.0
LAG_WAITS = (1.0, 2.0, 3.0)
# What GitHub says where a token lacks a permission, or its replica does not know yet that it has it.
_NOT_ACCESSIBLE = "Resource not accessible by integration"
_MAX_TOKENS = 2000

TokenKey = tuple[int, tuple[int, ...], tuple[tuple[str, str], ...]]


class AppKey:
    """A key that signs as the App.

    It learns GitHub's time from the Date header, and keeps it by the steady clock: this machine's time of day may be
    off, and set at any moment. Raises :class:`BadCredentials` at once where the private key is no RSA key.
    """

    def __init__(self, app_id: int, private_key: str, clock: Clock) -> None:
        self.app_id = app_id
        self._clock = clock
        self._told = (clock.now(), clock.steady())  # GitHub's time, and when that was; before any answer ours
        self._key = _rsa_key(private_key)
        self._signed: tuple[str, float] | None = None

    def now(self) -> float:
        """Return GitHub's time, in seconds since the epoch."""
        told, then = self._told
        return told + self._clock.steady() - then

    async def header(self) -> str:
        now = self._clock.steady()
        if self._signed is None or now - self._signed[1] > _JWT_REUSE:
            issued = int(self.now()) - _BACKDATED
            claims = {"iat": issued, "exp": issued + _JWT_SECONDS, "iss": str(self.app_id)}
            self._signed = (jwt.encode(claims, self._key, algorithm="RS256"), now)
        return f"Bearer {self._signed[0]}"

    def accepted(self, response: Response) -> None:
        self.learn(response)

    async def refused(self, response: Response, tries: int) -> float | None:
        """Sign again at the first refusal, or where our clock is further off.

        That it is off another answer may have told while this one was awaited.
        """
        if response.status != 401:
            return None
        known = self._told
        self.learn(response)
        if tries > 1 and self._told == known:
            return None
        self._signed = None
        return 0.0

    def learn(self, response: Response) -> None:
        """Note where GitHub's clock is elsewhere than we thought."""
        theirs = server_time(response)
        if theirs is not None and abs(theirs - self.now()) > _SKEW_WORTH_NOTING:
            self._told = (theirs, self._clock.steady())
            self._signed = None


@lru_cache(maxsize=1)
def _rsa_key(pem: str) -> RSAPrivateKey:
    """Load a private key once: checking it takes longer than signing."""
    try:
        key = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(pem)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise BadCredentials(
            "The App's private key is not an RSA key in PEM form; download a new one on the App's settings page."
        )
    return key


@dataclass
class Token:
    """An installation token by our steady clock; ``proven``: accepted once."""

    value: str = field(repr=False)
    expires_at: float
    minted_at: float
    proven: bool = False


class Auth(Protocol):
    """The source of the tokens that clients sign with."""

    client: Client
    clock: Clock

    def now(self) -> float:
        """Return GitHub's time, in seconds since the epoch."""
        ...

    async def holder(self) -> Actor | None:
        """Return the account that the tokens speak for; None: the App's bot."""
        ...

    async def token(
        self, installation: int, *, repositories: Iterable[int] = (), permissions: Mapping[str, str] | None = None
    ) -> Token: ...

    def forget(self, token: Token) -> None: ...

    def learn(self, response: Response) -> None: ...

    def forget_installation(self, installation: int) -> None: ...


class AppAuth:
    """Mints narrowed installation tokens once each, and caches them."""

    def __init__(self, transport: Transport, app_id: int, private_key: str) -> None:
        self.key = AppKey(app_id, private_key, transport.clock)
        self.client = Client(transport, Channel(transport.clock), self.key)
        self.clock = transport.clock
        self._addresses = transport.addresses
        self._tokens: TLRUCache[TokenKey, Token] = TLRUCache(
            _MAX_TOKENS, ttu=lambda _key, token, _now: token.expires_at - _TOKEN_MARGIN, timer=self.clock.steady
        )
        self._minting: dict[TokenKey, asyncio.Task[Token]] = {}

    def now(self) -> float:
        """Return GitHub's time, in seconds since the epoch."""
        return self.key.now()

    async def holder(self) -> None:
        """Return None: tokens speak for the App's bot."""
        return

    async def token(
        self, installation: int, *, repositories: Iterable[int] = (), permissions: Mapping[str, str] | None = None
    ) -> Token:
        """Return a token for these repositories with these permissions.

        ``repositories`` are ids, none: all of the installation; ``permissions`` None: all. Raises :class:`Forbidden`
        where the installation is suspended or has not granted a permission, and :class:`NotFound` where it no longer
        exists.
        """
        key = (installation, tuple(sorted(set(repositories))), tuple(sorted((permissions or {}).items())))
        known = self._tokens.get(key)
        if known is not None:
            return known
        task = self._minting.get(key)
        if task is None:
            task = self._minting[key] = asyncio.get_running_loop().create_task(self._mint(key))
            task.add_done_callback(lambda _task: self._minting.pop(key, None))
        # One caller giving up must not take the token from the others.
        return await asyncio.shield(task)

    def forget(self, token: Token) -> None:
        """GitHub no longer takes this token."""
        for key, held in list(self._tokens.items()):
            if held is token:
                self._tokens.pop(key, None)

    def learn(self, response: Response) -> None:
        """Note what an answer says of GitHub's clock."""
        self.key.learn(response)

    def forget_installation(self, installation: int) -> None:
        """Drop the tokens of an installation that was changed or removed."""
        for key in [key for key in self._tokens if key[0] == installation]:
            self._tokens.pop(key, None)

    async def _mint(self, key: TokenKey) -> Token:
        installation, repositories, permissions = key
        wanted: dict[str, Any] = {}
        if repositories:
            wanted["repository_ids"] = list(repositories)
        if permissions:
            wanted["permissions"] = dict(permissions)
        data = await self._ask(installation, wanted)
        expires = datetime.fromisoformat(data["expires_at"]).timestamp()
        lasts = expires - self.key.now()
        register_secret(data["token"])
        for repository in data.get("repositories") or ():
            self._addresses.learn(repository["id"], repository["full_name"])
        token = Token(data["token"], self.clock.steady() + lasts, self.clock.steady())
        self._tokens[key] = token
        return token

    async def _ask(self, installation: int, wanted: dict[str, Any]) -> Any:
        url = "/app/installations/{id}/access_tokens"
        try:
            return await self.client.post(url, {"id": installation}, wanted, options=READING)
        except Invalid as error:
            asked = ", ".join(f"{name}: {level}" for name, level in wanted.get("permissions", {}).items())
            raise Forbidden(
                f"Installation {installation} does not grant what this work needs ({asked or 'all'}); its owner must "
                f"accept the App's permissions or add the repository. {error.message}",
                permissions=asked,
            ) from None
        except NotFound:
            raise NotFound(f"Installation {installation} does not exist any more: the App was removed there.") from None


class GivenToken:
    """Holds one token that somebody else minted, with the rights that it has.

    It cannot be narrowed or renewed: what it may not do GitHub refuses, and when it expires the work ends.
    """

    def __init__(self, transport: Transport, value: str) -> None:
        register_secret(value)
        self.clock = transport.clock
        self._token = Token(value, float("inf"), self.clock.now(), proven=True)
        self.client = Client(transport, Channel(transport.clock), InstallationCredential(self, 0, (), None))

    def now(self) -> float:
        """Return our own time: where one event is handled GitHub's is not learnt."""
        return self.clock.now()

    async def holder(self) -> Actor:
        """Return the account that comments made with the token carry."""
        viewer = (await self.client.graphql("{ viewer { login databaseId } }", {}))["viewer"]
        login = str(viewer["login"])
        return Actor(login=login, id=viewer["databaseId"], type="Bot" if login.endswith("[bot]") else "User")

    async def token(
        self, installation: int, *, repositories: Iterable[int] = (), permissions: Mapping[str, str] | None = None
    ) -> Token:
        """Return the token, whatever it is wanted for."""
        return self._token

    def forget(self, token: Token) -> None:
        """Keep the token: there is no other."""

    def learn(self, response: Response) -> None:
        """Sign nothing by the clock."""

    def forget_installation(self, installation: int) -> None:
        """Keep the token: there is no other."""


class PersonCredential:
    """Signs as a person who let the App act for them; nothing renews it."""

    def __init__(self, token: str) -> None:
        register_secret(token)
        self._token = token

    async def header(self) -> str:
        return f"Bearer {self._token}"

    def accepted(self, _response: Response) -> None:
        return None

    async def refused(self, _response: Response, _tries: int) -> None:
        return None


class InstallationCredential:
    """Signs as an installation, narrowed.

    It waits out the first seconds of a token's life. ``visible`` tells whether what the token is for can be seen with
    it: only then is a fresh token's 404 believed. None: every 404 is.
    """

    def __init__(
        self,
        auth: Auth,
        installation: int,
        repositories: tuple[int, ...],
        permissions: Mapping[str, str] | None,
        visible: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._auth = auth
        self._installation = installation
        self._repositories = repositories
        self._permissions = permissions
        self._visible = visible
        self._token: Token | None = None
        self._renewed = False

    async def header(self) -> str:
        self._token = await self._auth.token(
            self._installation, repositories=self._repositories, permissions=self._permissions
        )
        return f"Bearer {self._token.value}"

    def accepted(self, response: Response) -> None:
        self._auth.learn(response)
        self._renewed = False
        if self._token is not None:
            self._token.proven = True

    async def refused(self, response: Response, tries: int) -> float | None:
        token = self._token
        if token is None:
            return None
        young = self._auth.clock.steady() - token.minted_at < _YOUNG
        if young and tries <= len(LAG_WAITS) and await self._may_lag(token, response):
            return LAG_WAITS[tries - 1]
        if response.status == 401 and not self._renewed:
            self._renewed = True
            self._auth.forget(token)
            return 0.0
        return None

    async def _may_lag(self, token: Token, response: Response) -> bool:
        """Return True if a replica of GitHub's may not know the token yet."""
        if token.proven:  # by another replica, then
            return _NOT_ACCESSIBLE in response.message and satisfies(
                self._permissions or {}, response.headers.get("x-accepted-github-permissions", "")
            )
        return not (response.status == 404 and (self._visible is None or await self._visible()))
