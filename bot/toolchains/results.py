"""Read the signed records that our reporters leave in a results directory.

All of it is hostile: bounded and checked.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.toolchains.events import Record
from bot.toolchains.workspace import remove_tree

# Names that the reporters of every language use.
KEY_FILE = "key"
RESULTS_FILE = "results.jsonl"
PLAN_FILE = "plan.json"
MAX_BYTES = 32 * 1024 * 1024
# One record: an id, a message, the exceptions that ended a test.
_LINE_BYTES = 256 * 1024
# Processes of one run that a report is read of.
_MOST_PROCESSES = 10_000
_RECORD: TypeAdapter[Record] = TypeAdapter(Record)


class ResultsChannel:
    """Fresh writable directory for one run's results, keyed for us."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key = secrets.token_bytes(32)
        directory.mkdir(mode=0o700)
        (directory / KEY_FILE).write_bytes(self._key)

    def read(self) -> Iterator[Record] | None:
        """Read records up to the first foreign line; None without our reporter."""
        path = self.directory / RESULTS_FILE
        return read_signed(_read_lines(path), self._key) if is_readable(path) else None

    def read_measured(self) -> list[dict[str, Any]]:
        """Read what a measuring program of ours signed. Blocking."""
        path = self.directory / RESULTS_FILE
        lines = _read_lines(path) if is_readable(path) else ()
        return [json.loads(body) for body in _check_signatures(lines, self._key)]

    def read_each(self) -> list[list[Record]]:
        """Read what each process of a run wrote, in the order they began.

        For runners that start several: each takes the key and leaves its successor, so that none can sign for an
        earlier one. Blocking.
        """
        key = self._key
        found: list[list[Record]] = []
        while len(found) < _MOST_PROCESSES and is_readable(path := self.directory / f"results-{len(found)}.jsonl"):
            found.append(list(read_signed(_read_lines(path), key)))
            key = hmac.digest(key, b"next", "sha256")
        return found


@asynccontextmanager
async def open_channel() -> AsyncIterator[ResultsChannel]:
    """Make a directory for the results of one run, and remove it."""
    outer = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forgehand-results-"))
    try:
        yield ResultsChannel(outer / "results")
    finally:
        await asyncio.to_thread(remove_tree, outer)


def is_readable(path: Path) -> bool:
    """Return whether a report is a regular file of at most :data:`MAX_BYTES`."""
    return not path.is_symlink() and path.is_file() and path.stat().st_size <= MAX_BYTES


def read_bounded(path: Path) -> bytes | None:
    """Read a regular file up to :data:`MAX_BYTES`; None for all else."""
    return path.read_bytes() if is_readable(path) else None


def _read_lines(path: Path) -> Iterator[bytes]:
    """Yield lines up to the first that no record is as long as."""
    with path.open("rb") as stream:
        while len(line := stream.readline(_LINE_BYTES)) and line.endswith(b"\n"):
            yield line[:-1]


def _check_signatures(lines: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Yield the bodies of signed lines, up to the first wrong one."""
    chain = hmac.new(key, digestmod=hashlib.sha256)
    for line in lines:
        signature, _, body = line.partition(b" ")
        chain.update(body)
        if not hmac.compare_digest(signature, chain.hexdigest().encode()):
            return
        yield body


def read_signed(lines: Iterable[bytes], key: bytes) -> Iterator[Record]:
    """Yield the records of signed lines, up to the first wrong one."""
    for body in _check_signatures(lines, key):
        try:
            yield _RECORD.validate_json(body)
        except ValidationError:
            return
