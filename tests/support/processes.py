"""Finding processes by a word in their command line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path


def running(word: str) -> list[str]:
    """The command lines of all living processes (any namespace we can see) that contain ``word``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if word in line:
                found.append(line)
    return found


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until ``condition`` holds; raises TimeoutError after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
