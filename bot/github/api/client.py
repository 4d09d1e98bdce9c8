"""Call GitHub's APIs with one credential."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import gidgethub.abc
from gidgethub import sansio

from bot.github.api.channel import Cached, Channel
from bot.github.api.errors import GitHubDown, GitHubError, graphql_failure
from bot.github.api.hosts import graphql_url_of
from bot.github.api.transport import LENT, ONCE, READING, REPEATABLE, Credential, Elsewhere, RequestOptions, Transport
from bot.types import Repository

USER_AGENT = "forgehand"
_API_VERSION = {"x-github-api-version": "2022-11-28"}
JSON = sansio.accept_format()

Vars = Mapping[str, Any]


def within(repository: Repository, **more: Any) -> dict[str, Any]:
    """Return the template variables of a URL below a repository."""
    return {"owner": repository.owner, "repo": repository.name, **more}


class Anonymous:
    """No credential, for public endpoints such as a manifest's conversion."""

    async def header(self) -> None:
        return None

    def accepted(self, _response: object) -> None:
        return None

    async def refused(self, _response: object, _tries: int) -> None:
        return None


class _Call(gidgethub.abc.GitHubAPI):
    """gidgethub above our transport, made anew for each call's options."""

    def __init__(
        self,
        transport: Transport,
        channel: Channel,
        credential: Credential,
        options: RequestOptions,
        cache: dict[str, Cached] | Any,
        repository: int | None,
    ) -> None:
        super().__init__(USER_AGENT, base_url=transport.api_url, cache=cache)
        self._transport = transport
        self._channel = channel
        self._credential = credential
        self._manner = options
        self._repository = repository

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        sent = {**headers, **_API_VERSION}
        answer = await self._transport.send(
            self._channel.limiter, self._credential, self._manner, method, url, sent, body, self._repository
        )
        return answer.status, answer.headers, answer.body

    async def sleep(self, seconds: float) -> None:
        await self._transport.clock.sleep(seconds)


class Client:
    """Calls as one identity.

    URLs are templates: ``/repos/{owner}/{repo}/issues/{number}``. Every method raises the tree of
    :mod:`bot.github.api.errors`. ``options`` say how urgent a write is, whether it notifies people, and whether it may
    be sent twice; a POST may not unless said. ``repository`` is the id of the only one it is for, None where it is for
    no particular one.
    """

    def __init__(
        self, transport: Transport, channel: Channel, credential: Credential, repository: int | None = None
    ) -> None:
        self._transport = transport
        self._channel = channel
        self._credential = credential
        self._repository = repository

    async def get(self, url: str, url_vars: Vars | None = None, *, accept: str = JSON) -> Any:
        """Get one JSON document, or text for other media types."""
        with _readable_answers():
            return await self._call(REPEATABLE, accept).getitem(url, url_vars or {}, accept=accept)

    async def items(self, url: str, url_vars: Vars | None = None, *, key: str = "items") -> AsyncIterator[Any]:
        """Iterate over a paged list; ``key`` names it where a page is an object."""
        with _readable_answers():
            async for item in self._call(REPEATABLE, JSON).getiter(url, url_vars or {}, iterable_key=key):
                yield item

    async def download(self, url: str, url_vars: Vars | None = None) -> str:
        """Download a text kept elsewhere, such as a log; repair its UTF-8."""
        return (await self.download_bytes(url, url_vars)).decode("utf-8", "replace")

    async def download_bytes(self, url: str, url_vars: Vars | None = None) -> bytes:
        """Download what is kept elsewhere, such as an artifact, up to 32 MiB."""
        address = sansio.format_url(url, url_vars or {}, base_url=self._transport.api_url)
        headers = sansio.create_headers(USER_AGENT) | _API_VERSION
        try:
            await self._transport.send(
                self._channel.limiter, self._credential, LENT, "GET", address, headers, b"", self._repository
            )
        except Elsewhere as away:
            return await self._transport.download(away.target)
        raise GitHubError(f"GitHub did not say where {urlsplit(address).path} lies.")

    async def post(
        self, url: str, url_vars: Vars | None = None, data: Any = None, *, options: RequestOptions = ONCE
    ) -> Any:
        with _readable_answers():
            return await self._call(options).post(url, url_vars or {}, data={} if data is None else data)

    async def patch(self, url: str, url_vars: Vars | None, data: Any, *, options: RequestOptions = REPEATABLE) -> Any:
        with _readable_answers():
            return await self._call(options).patch(url, url_vars or {}, data=data)

    async def put(self, url: str, url_vars: Vars | None, data: Any, *, options: RequestOptions = REPEATABLE) -> Any:
        with _readable_answers():
            return await self._call(options).put(url, url_vars or {}, data=data)

    async def delete(self, url: str, url_vars: Vars | None = None, *, options: RequestOptions = REPEATABLE) -> None:
        await self._call(options).delete(url, url_vars or {})

    async def graphql(self, query: str, variables: Vars, *, options: RequestOptions = READING) -> Any:
        """Return a query's ``data``; any error in the answer is raised."""
        data = {"query": query, "variables": dict(variables)}
        answer = await self.post(graphql_url_of(self._transport.api_url), None, data, options=options)
        if answer.get("errors"):
            raise graphql_failure(answer["errors"])
        return answer["data"]

    def _call(self, options: RequestOptions, accept: str | None = None) -> _Call:
        cache = self._channel.answers(accept) if accept else None
        return _Call(self._transport, self._channel, self._credential, options, cache, self._repository)


@contextmanager
def _readable_answers() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise GitHubDown(f"GitHub's answer was not readable: {error}. A later try may succeed.") from None
