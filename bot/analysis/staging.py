"""Copy just the files a tool reads, never a repository's configuration."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.analysis.sarif import make_relative

# Bytes of one file, files, and bytes of all of them that are analysed.
MAX_FILE = 1 << 20
MAX_FILES = 1000
MAX_ALL = 64 << 20
SIDES = ("base", "head")


@dataclass(frozen=True)
class Source:
    """File of the head that is analysed; ``base`` is None for a new one."""

    path: str
    head: bytes
    base: bytes | None

    def side(self, name: str) -> bytes | None:
        return self.head if name == "head" else self.base

    def first_line(self) -> bytes:
        return self.head[:200].split(b"\n", 1)[0]


def read_sources(
    base: Path, head: Path, paths: Iterable[str], renamed: Mapping[str, str]
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Read the files that can be analysed; return the paths left out too."""
    sources: list[Source] = []
    unread: list[str] = []
    room = MAX_ALL
    for path in sorted(paths):
        data = read_regular(head, path)
        if data is None:
            if os.path.lexists(head / path):
                unread.append(path)
        elif b"\0" not in data:
            if len(sources) < MAX_FILES and room >= len(data):
                room -= len(data)
                sources.append(Source(path, data, read_regular(base, renamed.get(path, path))))
            else:
                unread.append(path)
    return tuple(sources), tuple(unread)


def stage(folder: Path, sources: Iterable[Source]) -> list[str]:
    """Write ``base/`` and ``head/`` below ``folder``; return the paths.

    Both have the head's names. Bytes that are not UTF-8 are replaced, line by line the same: some tools give up all
    their files over one such byte.
    """
    written = []
    for source in sources:
        for side in SIDES:
            data = source.side(side)
            if data is not None:
                target = folder / side / source.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data.decode("utf-8", "replace").encode())
                written.append(f"{side}/{source.path}")
    return written


def read_regular(root: Path, path: str, limit: int = MAX_FILE) -> bytes | None:
    """Read a regular file of at most ``limit`` bytes, reached by no link."""
    if make_relative(path) != path or Path(os.path.realpath(root / path)) != Path(os.path.realpath(root)) / path:
        return None
    try:
        descriptor = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
            return None
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    finally:
        os.close(descriptor)
