"""Serve a CONNECT proxy that knows a short list of registry hosts."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import ssl
import tempfile
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import structlog

from bot.sandbox.index import Index, IndexGate, find_index
from bot.sandbox.packages import FOLDER as PACKAGES
from bot.sandbox.packages import PackageCache
from bot.sandbox.port import Mount, SandboxError
from bot.settings import Settings

# Bounds on a hostile client: bytes and seconds of a request's head, seconds of a dial.
_HEAD_BYTES = 16 * 1024
_HEAD_SECONDS = 20.0
_DIAL_SECONDS = 30.0
_CHUNK = 64 * 1024
CA_TARGET = "/forgehand/ca.pem"
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")
_log = structlog.get_logger(__name__)

Dial = Callable[[str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Refusal(SandboxError):
    """Refusal of a tunnel; ``status`` is the status line's text."""

    @property
    def status(self) -> str:
        return str(self.detail("status"))


def list_allowed_hosts(settings: Settings) -> frozenset[tuple[str, int]]:
    """List the hosts of registries (port 443 unless given), index and mirror."""
    entries = [*settings.registries]
    for address in (settings.index_url, settings.maven_mirror):
        parts = urlsplit(address or "")
        if parts.hostname and parts.scheme == "https":
            entries.append(f"{parts.hostname}:{parts.port or 443}")
    return frozenset(split_host_and_port(entry) for entry in entries)


def split_host_and_port(text: str) -> tuple[str, int]:
    """Split host and port (443): ``"PyPI.org."`` is ``("pypi.org", 443)``."""
    parts = urlsplit(f"//{text}")
    return (parts.hostname or "").rstrip(".").lower(), parts.port or 443


def parse_connect_target(head: bytes) -> tuple[str, int]:
    """Parse host and port of a CONNECT request or raise :class:`Refusal`."""
    words = head.split(b"\r\n", 1)[0].split()
    if len(words) != 3 or words[0] != b"CONNECT":
        raise Refusal("this proxy only tunnels HTTPS (CONNECT) to package registries", status="405 Method Not Allowed")
    try:
        return split_host_and_port(words[1].decode("ascii"))
    except ValueError:
        raise Refusal("the CONNECT target is not host:port", status="400 Bad Request") from None


class RegistryProxy:
    """Allow-list proxy, serving on ``proxy.socket`` within a block.

    ``allowed`` holds (host, port) pairs; an ``index`` with credentials is served by the proxy itself, so that they
    never enter the sandbox, and so is PyPI where ``packages`` keeps its files. ``reached`` and ``refused`` list the
    requested hosts, in order, once each.
    """

    def __init__(
        self,
        allowed: frozenset[tuple[str, int]],
        *,
        index: Index | None = None,
        packages: PackageCache | None = None,
        dial: Dial | None = None,
    ) -> None:
        self._allowed = allowed
        self._gate = IndexGate(index, packages, _make_tls()) if index else None
        self._dial = dial or _choose_dialler()
        self._tunnels: set[asyncio.Task[None]] = set()
        self.reached: dict[str, None] = {}
        self.refused: dict[str, None] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Make the proxy of an operator's settings and ``HTTPS_PROXY``."""
        packages = PackageCache(settings.data_dir / PACKAGES) if settings.packages_gb else None
        return cls(list_allowed_hosts(settings), index=find_index(settings), packages=packages)

    @property
    def socket(self) -> Path:
        return self._directory / "proxy.sock"

    async def __aenter__(self) -> Self:
        # A unix socket's path has at most 107 bytes, while TMPDIR may have any length.
        self._directory = Path(tempfile.mkdtemp(prefix="fh-", dir="/tmp"))
        self._server = await asyncio.start_unix_server(self._accept, self.socket, limit=_HEAD_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tunnels:
            task.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)
        if self._gate:
            await self._gate.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tunnels.add(task)
        task.add_done_callback(self._tunnels.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            if self._gate and head.startswith((b"GET /", b"HEAD /")):
                await self._gate.answer(head, writer)
            else:
                await self._tunnel(head, reader, writer)
        except Refusal as refusal:
            _write_refusal(writer, refusal)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            _write_refusal(writer, Refusal(f"no connection: {type(error).__name__}", status="502 Bad Gateway"))
        finally:
            with contextlib.suppress(OSError):
                writer.close()
                await writer.wait_closed()

    async def _tunnel(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = parse_connect_target(head)
        if (host, port) not in self._allowed:
            self.refused[f"{host}:{port}"] = None
            _log.warning("registry_refused", host=host, port=port)
            known = ", ".join(sorted(name for name, _ in self._allowed))
            raise Refusal(f"{host}:{port} is not on the allow-list of registries ({known})", status="403 Forbidden")
        self.reached[host] = None
        _log.info("registry_tunnel", host=host, port=port)
        async with asyncio.timeout(_DIAL_SECONDS):
            far_reader, far_writer = await self._dial(host, port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            # an end that hangs up is no failure to be told: the tunnel is theirs
            with contextlib.suppress(OSError):
                await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.close()


def _write_refusal(writer: asyncio.StreamWriter, refusal: Refusal) -> None:
    body = f"forgehand: {refusal.message}\n".encode()
    head = f"HTTP/1.1 {refusal.status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError):
        writer.write(head.encode() + body)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


async def connect_directly(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a plain TCP connection."""
    return await asyncio.open_connection(host, port)


def connect_through(upstream: str) -> Dial:
    """Make a dialler through ``http://[user:password@]host:port``."""
    parts = urlsplit(upstream if "//" in upstream else f"http://{upstream}")
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    extra = f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}\r\n" if login else ""

    async def dial(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{extra}\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if answer.split(b" ", 2)[1:2] != [b"200"]:
            writer.close()
            raise Refusal(f"the upstream proxy answered {answer[:40]!r}", status="502 Bad Gateway")
        return reader, writer

    return dial


def _choose_dialler() -> Dial:
    """Choose to connect directly or by ``HTTPS_PROXY``, as ``NO_PROXY`` says."""
    upstream = urllib.request.getproxies().get("https")
    if not upstream:
        return connect_directly
    chained = connect_through(upstream)

    async def dial(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await (connect_directly if urllib.request.proxy_bypass(host) else chained)(host, port)

    return dial


def find_certificates() -> tuple[Sequence[Mount], dict[str, str]]:
    """Find the operator's CA bundle: its mount and variables, or none."""
    bundle = _find_bundle()
    if bundle is None:
        return [], {}
    return [Mount(source=bundle, target=CA_TARGET)], dict.fromkeys(_CA_VARIABLES, CA_TARGET)


def _find_bundle() -> Path | None:
    places = (Path(os.environ.get(name) or "/nonexistent") for name in _CA_VARIABLES)
    return next((path.resolve() for path in places if path.is_file()), None)


def _make_tls() -> ssl.SSLContext:
    """Trust whom commands inside would trust."""
    return ssl.create_default_context(cafile=_find_bundle())
