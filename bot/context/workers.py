"""Read many blobs in worker processes; one that hangs costs one blob."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import bot
from bot.context.record import Posting
from bot.context.worker import FRAME

_CHUNK = 48  # blobs handed over at once: a round trip each would dominate
# a blob takes a second or two at most; the rest is for a machine that is busy with other things
_BLOB_SECONDS = 20.0
_MAX_FRAME = 64 << 20  # bytes of one answer: what a hostile blob may make us hold
_ROOT = str(Path(bot.__file__).resolve().parent.parent)

WORKERS = max(1, min(4, os.cpu_count() or 1))


@dataclass(frozen=True)
class BlobRequest:
    """A blob to read, and its language ('' for plain text)."""

    sha: str
    language: str

    @property
    def key(self) -> str:
        return f"{self.sha}.{self.language}"


@dataclass(frozen=True)
class IndexedBlob:
    """A blob that was read: posting and record as bytes for the cache."""

    key: str
    posting: bytes
    record: bytes


async def read_all(
    git_dir: Path, wanted: Sequence[BlobRequest], *, workers: int = WORKERS
) -> AsyncIterator[list[IndexedBlob]]:
    """Yield every blob wanted exactly once, in groups and no fixed order."""
    todo = deque(wanted[at : at + _CHUNK] for at in range(0, len(wanted), _CHUNK))
    done: asyncio.Queue[list[IndexedBlob] | None] = asyncio.Queue(maxsize=2 * workers)
    count = min(workers, len(todo))
    tasks = [asyncio.create_task(_serve(git_dir, todo, done)) for _ in range(count)]
    try:
        running = count
        while running:
            group = await done.get()
            if group is None:
                running -= 1
            else:
                yield group
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(
    git_dir: Path, todo: deque[Sequence[BlobRequest]], done: asyncio.Queue[list[IndexedBlob] | None]
) -> None:
    """Feed one worker at a time; start another where it stops answering."""
    try:
        worker = _Worker(git_dir)
        while todo:
            chunk = todo.popleft()
            group = await worker.read(chunk)
            if len(group) < len(chunk):
                stuck = chunk[len(group)]
                group.append(IndexedBlob(stuck.key, Posting(left_out="unreadable").to_bytes(), b""))
                if rest := chunk[len(group) :]:
                    todo.append(rest)
            await done.put(group)
        await worker.close()
    finally:
        await done.put(None)


class _Worker:
    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._process: asyncio.subprocess.Process | None = None

    async def read(self, chunk: Sequence[BlobRequest]) -> list[IndexedBlob]:
        """Read a chunk in order, less of it where the worker hung or died."""
        process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        group: list[IndexedBlob] = []
        try:
            process.stdin.write(json.dumps([[one.sha, one.language] for one in chunk]).encode() + b"\n")
            for one in chunk:
                async with asyncio.timeout(_BLOB_SECONDS):
                    posting, record = FRAME.unpack(await process.stdout.readexactly(FRAME.size))
                    body = await process.stdout.readexactly(min(posting + record, _MAX_FRAME))
                group.append(IndexedBlob(one.key, body[:posting], body[posting:]))
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            await self.close()
        except BaseException:
            self._kill()
            raise
        return group

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.context.worker",
            str(self._git_dir),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": _ROOT, "PYTHONHASHSEED": "0"},
            limit=1 << 22,
        )
        return self._process

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def close(self) -> None:
        self._kill()
        if self._process is not None:
            await self._process.wait()
        self._process = None
