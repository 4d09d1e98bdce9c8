"""Open streams as browsers would, and hold them while deliveries arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

_A_SESSION = 10  # streams that the server lets one session have open
_OPENED_AT_ONCE = 20


@asynccontextmanager
async def open_streams(port: int, path: str, cookies: Sequence[str]) -> AsyncIterator[int]:
    """Open ten streams for each cookie, read whatever comes, and close them; yield how many were let in."""
    turns = asyncio.Semaphore(_OPENED_AT_ONCE)
    streams = [_Stream(port, path, cookie, turns) for cookie in cookies for _ in range(_A_SESSION)]
    opened = await asyncio.gather(*(stream.open() for stream in streams))
    try:
        yield sum(opened)
    finally:
        await asyncio.gather(*(stream.close() for stream in streams))


class _Stream:
    """One stream."""

    def __init__(self, port: int, path: str, cookie: str, turns: asyncio.Semaphore) -> None:
        self._port, self._path, self._cookie, self._turns = port, path, cookie, turns
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> bool:
        """Ask for the stream; return whether it was let in."""
        async with self._turns:
            reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            head = f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {self._cookie}\r\n\r\n"
            self._writer.write(head.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
        self._reading = asyncio.create_task(_drain(reader))
        return b" 200 " in answer.partition(b"\r\n")[0] and b"text/event-stream" in answer

    async def close(self) -> None:
        """Close it."""
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass
