"""Load repositories' policies and their owners' files from GitHub, and cache them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import structlog

from bot.github.api.access import GitHubs
from bot.github.api.scopes import READ_CODE
from bot.github.resources import repos
from bot.models.catalogue import Catalogue
from bot.policy.document import PATH, default_policy, parse_policy
from bot.policy.organisation import OPEN, Governed, OrganisationFile, parse_organisation
from bot.policy.reading import PolicyError
from bot.policy.rules import Policy
from bot.policy.schema import PolicySchema
from bot.policy.sections import PATH as OWNERS_PATH
from bot.policy.sections import REPOSITORY
from bot.settings import Settings
from bot.types import Repository

K = TypeVar("K")
File = tuple[str | None, str]
"""A file's text (None: it cannot be read as such) and the sha of its blob."""
# How long an owner's file is believed without asking; a push that this process hears of ends it at once. Lists of many
# repositories, and events that seldom begin anything, believe a repository's own for as long.
_FRESH_SECONDS = 60.0
log = structlog.get_logger(__name__)


class PolicyReader(Protocol):
    """A source of policy files."""

    async def read(self, repository: Repository, path: str) -> File | None:
        """Return text and blob sha on the default branch, or None."""
        ...

    async def read_owners(self, owner: str, installation: int) -> File | None:
        """Return the file of an organisation or a person, or None."""
        ...


class DefaultBranch:
    """Policy files on GitHub; an unchanged one costs a 304."""

    def __init__(self, github: GitHubs) -> None:
        self._github = github

    async def read(self, repository: Repository, path: str) -> File | None:
        """Return the file's text and blob sha."""
        client = await self._github.for_repository(repository, READ_CODE)
        file = await repos.find_file(client, repository, path, "HEAD")
        return None if file is None else (file.text, file.sha)

    async def read_owners(self, owner: str, installation: int) -> File | None:
        """Return the text and blob sha of ``forgehand.yml`` in ``.github``.

        The token is the installation's: the repository's id, which a narrower one needs, would have to be asked for
        with such a token first.
        """
        client = await self._github.for_installation(installation, READ_CODE)
        place = Repository(id=0, owner=owner, name=REPOSITORY, installation=installation)
        file = await repos.find_file(client, place, OWNERS_PATH, "HEAD")
        return None if file is None else (file.text, file.sha)


@dataclass(frozen=True)
class _CachedPolicy:
    sha: str | None  # None: there is no file
    governed: Governed
    offered: frozenset[str]  # a key that is added later brings models
    result: Policy | PolicyError
    seen: float  # by the steady clock


@dataclass(frozen=True)
class _OwnersFile:
    """An owner's file as it was seen last; ``good`` None for none."""

    sha: str | None
    good: OrganisationFile | None
    problem: str = ""
    seen: float = 0.0  # by the steady clock

    def govern(self, name: str) -> Governed:
        if self.good is not None:
            return self.good.govern(name, self.problem)
        return Governed(stage="unknown", problem=self.problem) if self.problem else OPEN


class _Shared(Generic[K]):
    """A set of requests under way: callers who ask at once share one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._requests: dict[K, asyncio.Task[tuple[File | None, float]]] = {}

    async def request(self, key: K, read: Callable[[], Awaitable[File | None]]) -> tuple[File | None, float]:
        """Return what was read, and when that was begun."""
        request = self._requests.get(key)
        if request is None:

            async def ask() -> tuple[File | None, float]:
                begun = self._clock()
                return await read(), begun

            request = asyncio.get_running_loop().create_task(ask())
            self._requests[key] = request
            request.add_done_callback(lambda _done: self._requests.pop(key, None))
        # One caller that is cancelled must not cancel the request of the others.
        return await asyncio.shield(request)


class OwnersFiles:
    """A cache of owners' files; of a broken one the last good version holds."""

    def __init__(self, reader: PolicyReader, schema: PolicySchema, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._schema = schema
        self._clock = clock
        self._known: dict[tuple[int, str], _OwnersFile] = {}
        self._pushed: dict[tuple[int, str], float] = {}
        self._shared: _Shared[tuple[int, str]] = _Shared(clock)

    async def govern(self, repository: Repository) -> Governed:
        """Return what the owner's file leaves a repository."""
        return (await self._load(repository.owner, repository.installation)).govern(repository.name)

    async def find(self, owner: str, installation: int) -> OrganisationFile | None:
        """Return the file that holds for an owner's repositories, or None."""
        return (await self._load(owner, installation)).good

    def forget(self, owner: str, installation: int) -> None:
        """Ask GitHub again: the file may have changed."""
        self._pushed[installation, owner.casefold()] = self._clock()

    async def _load(self, owner: str, installation: int) -> _OwnersFile:
        key = (installation, owner.casefold())
        known, since = self._known.get(key), self._clock() - _FRESH_SECONDS
        if known is None or known.seen <= max(since, self._pushed.get(key, since)):
            found, seen = await self._shared.request(key, lambda: self._reader.read_owners(owner, installation))
            known = self._known[key] = self._take(owner, self._known.get(key), found, seen)
        return known

    def _take(self, owner: str, known: _OwnersFile | None, found: File | None, seen: float) -> _OwnersFile:
        if found is None:
            return _OwnersFile(None, None, seen=seen)
        text, sha = found
        if known is not None and known.sha == sha:
            return _OwnersFile(sha, known.good, known.problem, seen)
        try:
            return _OwnersFile(sha, parse_organisation(text, tuple(self._schema.sections)), seen=seen)
        except PolicyError as error:
            log.error("an organisation's file is wrong", owner=owner, reason=error.message)
            return _OwnersFile(sha, known.good if known is not None else None, error.message, seen)


class PolicyLoader:
    """A cache of policies: callers share requests, files are parsed once.

    Every policy is already below its owner's file.
    """

    def __init__(
        self,
        reader: PolicyReader,
        settings: Settings,
        schema: PolicySchema,
        clock: Callable[[], float] = time.monotonic,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._reader = reader
        self._catalogue = catalogue or Catalogue(settings)
        self._settings = settings
        self._schema = schema
        self._clock = clock
        self._cache: dict[int, _CachedPolicy] = {}
        self._pushed: dict[int, float] = {}
        self._shared: _Shared[int] = _Shared(clock)
        self.owners = OwnersFiles(reader, schema, clock)
        self.default = default_policy(settings, schema)

    async def load(self, repository: Repository, *, since: float | None = None) -> Policy:
        """Return a repository's policy; :class:`PolicyError` for an invalid file.

        One that was read ``since`` a moment of the steady clock will do: the handlers of one event share a request.
        """
        cached = await self._load(repository, since)
        if isinstance(cached.result, PolicyError):
            raise cached.result.with_message(cached.result.message)
        return cached.result

    async def load_or_default(
        self, repository: Repository, *, since: float | None = None
    ) -> tuple[Policy, PolicyError | None]:
        """Return what :meth:`load` does, or the default one and the error."""
        return self._settle(await self._load(repository, since))

    async def load_recent(self, repository: Repository) -> tuple[Policy, PolicyError | None]:
        """Return what :meth:`load_or_default` does, or did within a minute.

        It is for what asks often and seldom begins anything: lists of many repositories, and what CI tells. A push that
        this process hears of ends the belief.
        """
        return await self.load_or_default(repository, since=self._clock() - _FRESH_SECONDS)

    def forget(self, repository: Repository) -> None:
        """Ask GitHub again, whoever asks next: the file may have changed."""
        self._pushed[repository.id] = self._clock()

    def _settle(self, cached: _CachedPolicy) -> tuple[Policy, PolicyError | None]:
        if isinstance(cached.result, PolicyError):
            fault = cached.result.with_message(cached.result.message)
            return self.default.governed(cached.governed, self.default), fault
        return cached.result, None

    async def refuse(self, repository: Repository, name: str) -> str:
        """Return why the owner's file closes a task in a repository, or ""."""
        return (await self.owners.govern(repository)).refuse(name, self._schema.sections)

    def command_names(self, policy: Policy) -> Mapping[str, bool]:
        """Return all command names, with whether text may follow each."""
        return {} if policy.commands.mention_only else {name: one.text for name, one in self._schema.commands.items()}

    def latest(self, repository: Repository) -> Policy:
        """Return the policy loaded last (or the default), without a request."""
        cached = self._cache.get(repository.id)
        return cached.result if cached is not None and isinstance(cached.result, Policy) else self.default

    async def _load(self, repository: Repository, since: float | None) -> _CachedPolicy:
        if since is not None and (known := await self._find_read(repository, since)) is not None:
            return known
        (found, seen), governed = await asyncio.gather(
            self._shared.request(repository.id, lambda: self._reader.read(repository, PATH)),
            self.owners.govern(repository),
        )
        text, sha = found or (None, None)
        cached = self._cache.get(repository.id)
        offered = frozenset(self._catalogue.offered())
        if cached is None or (cached.sha, cached.governed, cached.offered) != (sha, governed, offered):
            result = self._parse(text, governed, offered) if found else self.default.governed(governed, self.default)
            cached = _CachedPolicy(sha, governed, offered, result, seen)
        cached = self._cache[repository.id] = replace(cached, seen=seen)
        return cached

    async def _find_read(self, repository: Repository, since: float) -> _CachedPolicy | None:
        """Return what was read since a moment and the last push, or None.

        The owner's file has to be the same by now.
        """
        governed = await self.owners.govern(repository)
        known = self._cache.get(repository.id)
        if known is None or known.governed != governed:
            return None
        return known if known.seen > max(since, self._pushed.get(repository.id, since)) else None

    def _parse(self, text: str | None, governed: Governed, offered: frozenset[str]) -> Policy | PolicyError:
        try:
            return parse_policy(text, self._settings, self._schema, offered).governed(governed, self.default)
        except PolicyError as error:
            return error
