"""The hub: a GitHub that fits in a process. Setting up happens here; everything else over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Any

from aiohttp import web

from simhub import server
from simhub.platform import Platform


class Hub(Platform):
    """A running GitHub."""

    _runner: web.AppRunner | None = None

    @classmethod
    def start(cls, root: Path, port: int = 0, host: str = "127.0.0.1", tls: SSLContext | None = None) -> Starting:
        """Serve on ``host:port`` (0: any free one). ``await`` it, or enter it with ``async with``."""
        return Starting(cls(root), host, port, tls)

    async def _serve(self, host: str, port: int, tls: SSLContext | None) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self._runner = await server.serve(self, host, port, tls)
        self.url = f"{'https' if tls else 'http'}://{host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.webhooks.close()
        if self._runner:
            await self._runner.cleanup()


@dataclass
class Starting:
    """A hub about to serve: ``hub = await Hub.start(root)`` or ``async with Hub.start(root) as hub``."""

    hub: Hub
    host: str
    port: int
    tls: SSLContext | None

    def __await__(self) -> Generator[Any, None, Hub]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Hub:
        await self.hub._serve(self.host, self.port, self.tls)
        return self.hub

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hub.close()
