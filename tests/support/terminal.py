"""Type commands as people and programs do: a process of its own, what it prints, its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, BinaryIO

from tests.support import forks
from tests.support.api import Asker, asker
from tests.support.story import Story

_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OURS = ("FORGEHAND_", "ANTHROPIC_", "OPENAI_")


@dataclass
class Typed:
    """A command that was typed; ``out`` and ``err`` are what it has printed so far."""

    process: forks.Forked
    output: BinaryIO
    errors: BinaryIO

    @property
    def out(self) -> str:
        return _read(self.output)

    @property
    def err(self) -> str:
        return _read(self.errors)


def _read(file: BinaryIO) -> str:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()


@asynccontextmanager
async def typing(*argv: str | Path, **environment: str) -> AsyncIterator[Typed]:
    """A command that runs, with nothing configured but ``environment``; it is killed at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    output, errors = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - they are read when the command has ended
    with TemporaryDirectory() as folder:
        settings = {**kept, "FORGEHAND_DATA_DIR": folder, **environment}
        process = forks.forker().fork([str(each) for each in argv], settings, output, errors)
        try:
            yield Typed(process, output, errors)
        finally:
            process.kill()
            await process.wait()


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int | None
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


async def typed(*argv: str | Path, **environment: str) -> Said:
    """Type a command and wait for its end."""
    async with typing(*argv, **environment) as running:
        code = await running.process.wait()
        return Said(code, running.out, running.err)


def at(story: Story, program: Asker | None = None) -> dict[str, str]:
    """The variables of somebody who uses the story's server; the maintainer where no other is given."""
    token = (program or asker(story, story.maintainer)).token
    return {"FORGEHAND_SERVER_URL": f"http://127.0.0.1:{story.port}", "FORGEHAND_TOKEN": str(token)}


async def seen(columns: int, *argv: str, **environment: str) -> str:
    """What a terminal of this width shows of a command's standard output and error."""
    ours, theirs = pty.openpty()
    shown = bytearray()
    done = asyncio.Event()

    def read() -> None:
        try:
            shown.extend(os.read(ours, 65_536))
        except OSError:  # Linux says so when nobody holds the other end any more
            asyncio.get_running_loop().remove_reader(ours)
            done.set()

    with os.fdopen(theirs, "wb", buffering=0) as end:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        settings = {**kept, "TERM": "xterm", "COLUMNS": str(columns), **environment}
        process = forks.forker().fork(argv, settings, end)
    asyncio.get_running_loop().add_reader(ours, read)
    await process.wait()
    await done.wait()
    os.close(ours)
    return shown.decode()


def plain(screen: str) -> str:
    """What was shown without what moves the cursor and colours."""
    return _SEQUENCE.sub("", screen)
