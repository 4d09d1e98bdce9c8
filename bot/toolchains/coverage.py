"""Count how often lines ran, as reports of the languages' own tools tell it.

Tests can write to where a report lies: all of it is hostile, and what it says is no proof of anything.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.port import Hits, ToolchainError
from bot.toolchains.results import read_bounded
from bot.toolchains.workspace import remove_tree

# Where reports lie in the sandbox, and the file whose presence says that something was not seen.
COVERAGE = "/forgehand/coverage"
BLIND = "blind"
# Reports of one run, one for each process in some languages, and the bytes of them all.
_MOST_REPORTS = 2_000
_MOST_BYTES = 256 * 1024 * 1024
_MOST_HITS = 2**31
_WORD = re.compile(r"\w")


class CoverageError(ToolchainError):
    """Failure to count lines: nothing is said of them."""


@dataclass(frozen=True)
class Sources:
    """Files whose lines are counted, and how reports name them.

    ``texts``: path in the tree to text. ``folders``: the folder of the tree that a name begins with, for each beginning
    that a report may have; "" is that of names which are not absolute.
    """

    texts: Mapping[str, str]
    folders: Mapping[str, str]

    def find(self, name: str) -> str | None:
        """Return the file that a report means; None for all others."""
        for start, folder in self.folders.items():
            if name.startswith(f"{start}/" if start else "") and not (name.startswith("/") and not start):
                path = posixpath.normpath(posixpath.join(folder, name[len(start) + 1 if start else 0 :]))
                if path in self.texts:
                    return path
        return None

    @cached_property
    def lines(self) -> Mapping[str, list[str]]:
        """Return each file's lines."""
        return {path: text.split("\n") for path, text in self.texts.items()}


@dataclass
class Tally:
    """Sum of what reports say of the lines that there are."""

    sources: Sources
    hits: Hits = field(default_factory=dict)

    def add(self, path: str, line: int, times: int) -> None:
        """Add what ran ``times``; lines that the file lacks do not count."""
        if 0 < line <= len(self.sources.lines[path]):
            of = self.hits.setdefault(path, {})
            of[line] = min(of.get(line, 0) + max(times, 0), _MOST_HITS)


@dataclass(frozen=True)
class Counter:
    """Way of a unit to count lines.

    ``counts`` says of a path whether its lines are; ``folders`` as in :class:`Sources`; ``read`` reads the reports,
    which are named by ``pattern``, and raises :class:`CoverageError`. All may block.
    """

    counts: Callable[[str], bool]
    read: Callable[[Iterable[bytes], Sources], Hits]
    folders: Mapping[str, str]
    pattern: str = "*"


class Reports:
    """Fresh writable folder for what a run of tests tells of lines.

    ``texts`` are the files that are asked for; where there is none, nothing of it is shown inside.
    """

    def __init__(self, directory: Path, texts: Mapping[str, str]) -> None:
        self._directory = directory
        self.texts = texts

    @property
    def mounts(self) -> list[Mount]:
        return [Mount(source=self._directory, target=COVERAGE, writable=True)] if self.texts else []

    def read(self, counter: Counter | None) -> Hits:
        """Read the reports; nothing where nobody asked. Blocking.

        Raises :class:`CoverageError` where there is none, or more than any run leaves, or one is not whole.
        """
        if counter is None or not self.texts:
            return {}
        if (self._directory / BLIND).exists():
            raise CoverageError("Something in the tests kept lines that ran from being counted.")
        paths = sorted(islice(self._directory.glob(counter.pattern), _MOST_REPORTS + 1))
        if not paths or len(paths) > _MOST_REPORTS:
            raise CoverageError(f"The run of the tests left {len(paths)} reports of the lines that ran.")
        return counter.read(_read_all(paths), Sources(self.texts, counter.folders))


@asynccontextmanager
async def open_reports(texts: Mapping[str, str]) -> AsyncIterator[Reports]:
    """Make a folder for the reports of one run, and remove it."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forgehand-coverage-"))
    try:
        yield Reports(folder, texts)
    finally:
        await asyncio.to_thread(remove_tree, folder)


def _read_all(paths: Iterable[Path]) -> Iterator[bytes]:
    left = _MOST_BYTES
    for path in paths:
        report = None
        with suppress(OSError):  # tests can change it
            report = read_bounded(path)
        left -= len(report or b"")
        if report is None or left < 0:
            raise CoverageError("A report of the lines that ran is not a file, or is too long.")
        yield report


def list_code(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines, numbered from 1, that hold a word outside of comments.

    For tools that tell of stretches of a file, in languages with comments like C's.
    """
    within = False
    for number, line in enumerate(lines, 1):
        begun = line.strip()
        within = within or begun.startswith("/*")
        if not within and not begun.startswith("//") and _WORD.search(line):
            yield number, line
        within = within and "*/" not in begun
