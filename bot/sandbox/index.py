"""Serve a package index that needs credentials or has no TLS.

The proxy does so itself: credentials never enter the sandbox.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit, urlunsplit

import aiohttp

_CHUNK = 64 * 1024
# Headers that are forwarded, and those that are returned.
_SENT = ("accept", "range", "user-agent")
_KEPT = ("Content-Type", "Content-Range", "Location")
# Types of pages whose links are rewritten.
_PAGES = ("text/html", "application/vnd.pypi")
# The relay inside replaces this by its own address.
PROXY = "{proxy}"


@dataclass(frozen=True)
class Index:
    """Package index: ``origin``, ``path``, and ``login`` (user, password)."""

    origin: str
    path: str
    login: tuple[str, str] | None

    @classmethod
    def from_url(cls, url: str | None) -> Self | None:
        """Return the index if we serve it: with credentials or plain HTTP."""
        parts = urlsplit(url or "")
        if not parts.hostname or (parts.scheme == "https" and not parts.username):
            return None
        host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return cls(urlunsplit((parts.scheme, host, "", "", "")), parts.path, login)


def make_url_inside(index_url: str | None) -> str | None:
    """Make an index's address without credentials: one of the proxy's."""
    index = Index.from_url(index_url)
    return f"{PROXY}{index.path}" if index else index_url


class IndexGate:
    """Gate to one index's host: GET and HEAD with its credentials."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        """Forward one request; links in the answer come this way again."""
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=True)
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        sent: dict[str, str] = {name: value for name, value in fields.items() if name in _SENT}
        if self._index.login:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(self._index.login).encode()).decode()
        try:
            async with self._session.request(
                method, self._index.origin + path, headers=sent, allow_redirects=False
            ) as response:
                await self._relay(response, writer, f"http://{fields.get('host', '')}")
        except aiohttp.ClientError as error:
            raise ConnectionError(type(error).__name__) from None

    async def _relay(self, response: aiohttp.ClientResponse, writer: asyncio.StreamWriter, here: str) -> None:
        kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
        lines = [f"HTTP/1.1 {response.status} {response.reason}", "Connection: close"]
        lines += [f"{name}: {value.replace(self._index.origin, here)}" for name, value in kept.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if kept.get("Content-Type", "").startswith(_PAGES):
            writer.write((await response.read()).replace(self._index.origin.encode(), here.encode()))
        else:
            async for chunk in response.content.iter_chunked(_CHUNK):
                writer.write(chunk)
                await writer.drain()
        await writer.drain()

    async def close(self) -> None:
        if self._session:
            await self._session.close()
