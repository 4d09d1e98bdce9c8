"""Load repositories' policies from GitHub and cache them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.github.api.access import GitHubs
from bot.github.api.scopes import READ_CODE
from bot.github.resources import repos
from bot.policy.document import PATH, PolicyError, default_policy, parse_policy
from bot.policy.rules import Policy
from bot.policy.schema import PolicySchema
from bot.settings import Settings
from bot.types import Repository


class PolicyReader(Protocol):
    """A source of policy files."""

    async def read(self, repository: Repository, path: str) -> tuple[str, str] | None:
        """Return text and blob sha on the default branch, or None."""
        ...


class DefaultBranch:
    """Policy files on GitHub; an unchanged one costs a 304."""

    def __init__(self, github: GitHubs) -> None:
        self._github = github

    async def read(self, repository: Repository, path: str) -> tuple[str, str] | None:
        """Return the file's text and blob sha."""
        client = await self._github.for_repository(repository, READ_CODE)
        file = await repos.find_file(client, repository, path, "HEAD")
        return None if file is None else (file.text, file.sha)


@dataclass(frozen=True)
class _CachedPolicy:
    sha: str
    result: Policy | PolicyError


class PolicyLoader:
    """A cache of policies: callers share requests, files are parsed once."""

    def __init__(self, reader: PolicyReader, settings: Settings, schema: PolicySchema) -> None:
        self._reader = reader
        self._settings = settings
        self._schema = schema
        self._cache: dict[int, _CachedPolicy] = {}
        self._requests: dict[int, asyncio.Task[tuple[str, str] | None]] = {}
        self.default = default_policy(settings, schema)

    async def load(self, repository: Repository) -> Policy:
        """Return a repository's policy; :class:`PolicyError` for an invalid file."""
        found = await self._request(repository)
        if found is None:
            self._cache.pop(repository.id, None)
            return self.default
        text, sha = found
        cached = self._cache.get(repository.id)
        if cached is None or cached.sha != sha:
            result: Policy | PolicyError
            try:
                result = parse_policy(text, self._settings, self._schema)
            except PolicyError as error:
                result = error
            cached = self._cache[repository.id] = _CachedPolicy(sha, result)
        if isinstance(cached.result, PolicyError):
            raise cached.result.with_message(cached.result.message)
        return cached.result

    async def load_or_default(self, repository: Repository) -> tuple[Policy, PolicyError | None]:
        """Return the policy and None, or the default one and the error."""
        try:
            return await self.load(repository), None
        except PolicyError as error:
            return self.default, error

    async def _request(self, repository: Repository) -> tuple[str, str] | None:
        request = self._requests.get(repository.id)
        if request is None:
            request = asyncio.get_running_loop().create_task(self._reader.read(repository, PATH))
            self._requests[repository.id] = request
            request.add_done_callback(lambda _done: self._requests.pop(repository.id, None))
        # One caller that is cancelled must not cancel the request of the others.
        return await asyncio.shield(request)

    def command_names(self, policy: Policy) -> Mapping[str, bool]:
        """Return all command names, with whether text may follow each."""
        return {} if policy.commands.mention_only else {name: one.text for name, one in self._schema.commands.items()}

    def latest(self, repository: Repository) -> Policy:
        """Return the policy loaded last (or the default), without a request."""
        cached = self._cache.get(repository.id)
        return cached.result if cached is not None and isinstance(cached.result, Policy) else self.default
