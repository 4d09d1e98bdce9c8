"""Serve a package index that needs credentials or has no TLS.

The proxy does so itself: credentials never enter the sandbox.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import ssl
from dataclasses import dataclass
from typing import BinaryIO, Self
from urllib.parse import unquote, urlsplit, urlunsplit

import aiohttp

from bot.sandbox.packages import Keeping, PackageCache
from bot.settings import Settings

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
    """Package index: ``origin``, ``path``, and ``login`` (user, password).

    ``files`` is the origin of its files, where that is another one: they are served below ``/packages/``.
    """

    origin: str
    path: str
    login: tuple[str, str] | None
    files: str = ""

    @classmethod
    def from_url(cls, url: str | None) -> Self | None:
        """Return the index if we serve it: with credentials or plain HTTP."""
        parts = urlsplit(url or "")
        if not parts.hostname or (parts.scheme == "https" and not parts.username):
            return None
        host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return cls(urlunsplit((parts.scheme, host, "", "", "")), parts.path, login)


PYPI = Index("https://pypi.org", "/simple/", None, files="https://files.pythonhosted.org")


def find_index(settings: Settings) -> Index | None:
    """Return the index that the proxy serves itself, if any.

    PyPI is one where its files are kept.
    """
    if settings.index_url is None and settings.packages_gb:
        known = {PYPI.origin, PYPI.files} <= {f"https://{host}" for host in settings.registries}
        return PYPI if known else None
    return Index.from_url(settings.index_url)


def make_url_inside(settings: Settings) -> str | None:
    """Make the index's address inside, without credentials."""
    index = find_index(settings)
    return f"{PROXY}{index.path}" if index else settings.index_url


class IndexGate:
    """Gate to one index: GET and HEAD with its credentials.

    Files that ``packages`` may keep are asked for once. ``tls`` knows the operator's authorities.
    """

    def __init__(self, index: Index, packages: PackageCache | None, tls: ssl.SSLContext) -> None:
        self._index = index
        self._packages = packages
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        """Forward one request; links in the answer come this way again."""
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        whole = method == "GET" and "range" not in fields
        known = await asyncio.to_thread(self._packages.find, path) if self._packages is not None and whole else None
        if known is not None:
            await _send_file(known, writer)
            return
        try:
            await self._forward(method, path, fields, writer, keep=whole)
        except aiohttp.ClientError as error:
            raise ConnectionError(type(error).__name__) from None

    async def _forward(
        self, method: str, path: str, fields: dict[str, str], writer: asyncio.StreamWriter, *, keep: bool
    ) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._tls), trust_env=True)
        sent: dict[str, str] = {name: value for name, value in fields.items() if name in _SENT}
        if self._index.login:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(self._index.login).encode()).decode()
        origin = self._index.files if self._index.files and path.startswith("/packages/") else self._index.origin
        async with self._session.request(method, origin + path, headers=sent, allow_redirects=False) as response:
            with contextlib.ExitStack() as stack:
                keeping = None
                if keep and response.status == 200 and self._packages is not None:
                    keeping = stack.enter_context(self._packages.keep(path))
                await self._relay(response, writer, f"http://{fields.get('host', '')}", keeping)

    async def _relay(
        self, response: aiohttp.ClientResponse, writer: asyncio.StreamWriter, here: str, keeping: Keeping | None
    ) -> None:
        kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
        is_page = kept.get("Content-Type", "").startswith(_PAGES)
        length = response.headers.get("Content-Length")
        if length is not None and not is_page and "Content-Encoding" not in response.headers:
            kept["Content-Length"] = length
        lines = [f"HTTP/1.1 {response.status} {response.reason}", "Connection: close"]
        lines += [f"{name}: {self._lead_here(value, here)}" for name, value in kept.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if is_page:
            writer.write(self._lead_here((await response.read()).decode("latin-1"), here).encode("latin-1"))
        else:
            async for chunk in response.content.iter_chunked(_CHUNK):
                writer.write(chunk)
                await writer.drain()
                if keeping is not None:
                    keeping.write(chunk)
        await writer.drain()

    def _lead_here(self, text: str, here: str) -> str:
        """Let addresses of the index, and of its files, come this way."""
        text = text.replace(self._index.origin, here)
        return text.replace(self._index.files, here) if self._index.files else text

    async def close(self) -> None:
        if self._session:
            await self._session.close()


async def _send_file(stream: BinaryIO, writer: asyncio.StreamWriter) -> None:
    with stream:
        size = os.fstat(stream.fileno()).st_size
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {size}\r\n"
        writer.write(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode())
        while data := await asyncio.to_thread(stream.read, _CHUNK):
            writer.write(data)
            await writer.drain()
