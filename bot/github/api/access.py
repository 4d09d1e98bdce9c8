"""Hand out clients that may do exactly what the moment needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Self

import aiohttp

from bot.github.api.auth import AppAuth, Auth, GivenToken, InstallationCredential, PersonCredential
from bot.github.api.channel import Channel
from bot.github.api.client import Anonymous, Client, within
from bot.github.api.errors import Forbidden, GitHubError, NotFound
from bot.github.api.limiter import Clock
from bot.github.api.readonly import ReadOnly
from bot.github.api.transport import Journal, Observer, Transport
from bot.github.resources import app as app_api
from bot.github.resources import permissions, repos, users
from bot.github.resources.permissions import Role
from bot.types import Actor, Repository

Permissions = Mapping[str, str]


class GitHubLoad(NamedTuple):
    """Requests that wait here, and the least share left of hourly limits."""

    waiting: int
    left: float


def open_session() -> aiohttp.ClientSession:
    """Open the process's one HTTP session, with the environment's proxy."""
    return aiohttp.ClientSession(trust_env=True, connector=aiohttp.TCPConnector(limit=100))


class GitHubs:
    """Clients by installation and permission, sharing its channel."""

    def __init__(self, transport: Transport, auth: Auth) -> None:
        self._transport = transport
        self._auth = auth
        self._channels: dict[int, Channel] = {}
        self._bot: Actor | None = None
        self._bot_lock = asyncio.Lock()

    @classmethod
    def as_app(
        cls,
        session: aiohttp.ClientSession,
        api_url: str,
        app_id: int,
        private_key: str,
        *,
        clock: Clock | None = None,
        observe: Observer | None = None,
        journal: Journal | None = None,
    ) -> Self:
        """Return the clients of an App."""
        extra = {} if observe is None else {"observe": observe}
        transport = Transport(session, api_url, clock=clock, journal=journal, **extra)
        return cls(transport, AppAuth(transport, app_id, private_key))

    @classmethod
    def with_token(
        cls, session: aiohttp.ClientSession, api_url: str, token: str, journal: Journal | None = None
    ) -> Self:
        """Return clients that all use one token, such as a workflow run's."""
        transport = Transport(session, api_url, journal=journal)
        return cls(transport, GivenToken(transport, token))

    def reading(self) -> tuple[Self, ReadOnly]:
        """Return clients that can write nothing, and what counts their requests."""
        transport = ReadOnly(self._transport)
        clients = type(self)(transport, self._auth)
        clients._channels = self._channels  # GitHub counts all requests of an installation together
        clients._bot = self._bot
        return clients, transport

    @property
    def app(self) -> Client:
        """Return the App's own client: installations, delivery log, settings."""
        return self._auth.client

    @property
    def clock_skew(self) -> float:
        """Seconds by which GitHub's clock is ahead of ours, as far as it mattered."""
        return self.now() - self._auth.clock.now()

    def now(self) -> float:
        """Return GitHub's time, in seconds since the epoch."""
        return self._auth.now()

    def measure_load(self) -> GitHubLoad:
        """Measure what limits hold up."""
        limiters = [channel.limiter for channel in self._channels.values()]
        left = min((limiter.left for limiter in limiters), default=1.0)
        return GitHubLoad(sum(limiter.waiting for limiter in limiters), left)

    async def for_repository(self, repository: Repository, permissions: Permissions) -> Client:
        """Return a client with these permissions only, or raise Forbidden."""
        only = (repository.id,)
        await self._auth.token(repository.installation, repositories=only, permissions=permissions)
        # To a fresh token a private repository may not exist for seconds; nobody is refused sight of a public one.
        visible = partial(self._sees, repository, permissions) if repository.private else None
        return self._client(repository.installation, only, permissions, visible)

    async def for_installation(self, installation: int, permissions: Permissions) -> Client:
        """Return a client for all repositories of an installation."""
        await self._auth.token(installation, permissions=permissions)
        return self._client(installation, (), permissions)

    def for_person(self, token: str) -> Client:
        """Return a client that asks as the person who signed in."""
        return Client(self._transport, Channel(self._transport.clock), PersonCredential(token))

    async def token(self, repository: Repository, permissions: Permissions) -> str:
        """Return the bare token, for git; it is good for at least ten minutes."""
        token = await self._auth.token(repository.installation, repositories=(repository.id,), permissions=permissions)
        return token.value

    async def bot(self) -> Actor:
        """Return the account of our comments; its id is not the App's id."""
        async with self._bot_lock:
            if self._bot is None:
                self._bot = await self._auth.holder() or await self._read_bot()
            return self._bot

    async def account(self, login: str) -> Actor:
        """Return an account by its login; NotFound where there is none."""
        return await users.read_user(await self._any_client(), login)

    async def find_repository(self, full_name: str) -> Repository | None:
        """Find a repository (``owner/name``) that the App is installed on."""
        owner, _, name = full_name.partition("/")
        if not owner or name in {"", ".", ".."}:
            return None
        installation = await app_api.find_installation(self.app, owner, name)
        return None if installation is None else await self._find(installation.id, owner, name)

    async def installation_of(self, login: str) -> int | None:
        """Return the id of an account's installation, None where it has none."""
        found = await app_api.find_account_installation(self.app, login)
        return None if found is None else found.id

    async def any_repository(self) -> Repository | None:
        """Return some repository that the App is installed on."""
        for installation in await app_api.list_installations(self.app):
            if installation.suspended:
                continue
            with suppress(GitHubError):  # another will do
                client = await self.for_installation(installation.id, {"metadata": "read"})
                found = await repos.first_repository(client, installation.id)
                if found is not None:
                    return found
        return None

    async def find_again(self, repository: Repository) -> Repository | None:
        """Find a repository where it was found before."""
        return await self._find(repository.installation, repository.owner, repository.name)

    async def role_of(self, repository: Repository, account: Actor) -> Role | None:
        """Return an account's role in a repository.

        Returns None where it has none, or the App sees the repository no more. The token is the installation's, good
        for nothing but this: one for each repository would have to be made first.
        """
        try:
            client = await self.for_installation(repository.installation, {"metadata": "read"})
            return await permissions.role_of(client, repository, account.login, account.id)
        except (Forbidden, NotFound):
            return None

    def forget_name(self, repository: Repository) -> None:
        """Ask for a renamed or transferred repository by its id from now on."""
        self._transport.addresses.forget_name(repository.id)

    async def name_of(self, repository: Repository, *, ask: bool = False) -> str:
        """Return ``owner/name`` of a repository as GitHub calls it now.

        GitHub is asked where the name is known to have changed, or with ``ask``.
        """
        addresses = self._transport.addresses
        if not ask and not addresses.is_renamed(repository.id):
            return addresses.name(repository.id) or repository.full_name
        client = await self.for_repository(repository, {"metadata": "read"})
        name = (await repos.get_repository(client, repository)).full_name
        addresses.learn(repository.id, name)
        return name

    def forget_installation(self, installation: int) -> None:
        """Drop the tokens of an installation that was changed or removed."""
        self._auth.forget_installation(installation)

    async def _find(self, installation: int, owner: str, name: str) -> Repository | None:
        try:
            client = await self.for_installation(installation, {"metadata": "read"})
        except (Forbidden, NotFound):  # suspended or removed in this moment
            return None
        return await repos.find_repository(client, owner, name, installation)

    def _client(
        self,
        installation: int,
        repositories: tuple[int, ...],
        permissions: Permissions,
        visible: Callable[[], Awaitable[bool]] | None = None,
    ) -> Client:
        channel = self._channels.setdefault(installation, Channel(self._transport.clock))
        credential = InstallationCredential(self._auth, installation, repositories, permissions, visible)
        return Client(self._transport, channel, credential, repositories[0] if len(repositories) == 1 else None)

    async def _read_bot(self) -> Actor:
        slug = (await app_api.read_app(self.app)).slug
        return await users.read_user(await self._any_client(), f"{slug}[bot]")

    async def _sees(self, repository: Repository, permissions: Permissions) -> bool:
        client = self._client(repository.installation, (repository.id,), permissions)
        try:
            await client.get("/repos/{owner}/{repo}", within(repository))
        except NotFound:
            return False
        return True

    async def _any_client(self) -> Client:
        # Enterprise servers in private mode tell nobody about users without a token.
        for installation in await app_api.list_installations(self.app):
            if not installation.suspended:
                try:
                    return await self.for_installation(installation.id, {"metadata": "read"})
                except GitHubError:
                    continue
        return Client(self._transport, Channel(self._transport.clock), Anonymous())
