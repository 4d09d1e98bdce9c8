"""Find processes by a word in their command line; start some that may not make namespaces."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from bot.sandbox.program import find_bubblewrap
from tests.support.patience import PATIENCE


def running(word: str) -> list[str]:
    """The command lines of all living processes (any namespace we can see) that contain ``word``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if word in line:
                found.append(line)
    return found


def without_namespaces(*argv: str) -> list[str]:
    """``argv`` behind a bubblewrap that hides nothing but forbids user namespaces, as a hardened host does."""
    program = find_bubblewrap()
    assert program is not None
    return [program, "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--", *argv]


async def until(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds. Raises TimeoutError where it never does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)
