"""Read what documentation and its facts need of a commit: all paths, and the texts of code and prose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from bot.context.blobs import decode
from bot.context.sieve import MAX_BYTES, role_of, unread_path
from bot.git.changes import Changes
from bot.git.mirrors import Mirror

PROSE = frozenset((".md", ".markdown", ".rst", ".txt", ".adoc"))
PYTHON = frozenset((".py", ".pyi"))
# They tell of names as they were: what is gone is named there on purpose.
_HISTORY = re.compile(
    r"(?:^|[/_.-])(?:change|history|news|release|whats.?new|upgrad|migrat|deprecat|licen[cs]e|authors|requirements)",
    re.I,
)
# Where else an environment variable or an option may be read.
_SETTINGS = frozenset((".sh", ".cfg", ".toml", ".ini", ".yml", ".yaml", ".env", ".js", ".ts", ".json", ".html"))


@dataclass(frozen=True)
class Snapshot:
    """The files of a commit: every path, and the texts that were read."""

    paths: frozenset[str]
    texts: Mapping[str, str]

    @cached_property
    def python(self) -> dict[str, str]:
        """Return the modules that are neither tests nor examples."""
        return {path: text for path, text in self.texts.items() if is_module(path)}

    @cached_property
    def prose(self) -> dict[str, str]:
        """Return the pages that tell how things are now."""
        return {path: text for path, text in self.texts.items() if is_page(path)}

    @cached_property
    def others(self) -> dict[str, str]:
        """Return the texts of tests, scripts and settings."""
        return {path: text for path, text in self.texts.items() if not is_module(path) and _suffix(path) not in PROSE}

    @cached_property
    def folders(self) -> frozenset[str]:
        """Return the folders that hold any file."""
        return frozenset(path[: slash.start()] for path in self.paths for slash in re.finditer("/", path))

    def with_changes(self, changes: Changes) -> Snapshot:
        """Return the files as they are with changes on top."""
        gone = {path for path, text in changes.files.items() if text is None}
        written = {path: text for path, text in changes.files.items() if text is not None}
        texts = {path: text for path, text in self.texts.items() if path not in gone}
        texts |= {path: text for path, text in written.items() if _is_read(path)}
        return Snapshot(self.paths - gone | written.keys(), texts)


async def read_snapshot(mirror: Mirror, sha: str) -> Snapshot:
    """Read a commit from its mirror; what is no text is only a path."""
    entries = await mirror.entries(sha)
    wanted = {
        entry.path: entry.sha
        for entry in entries
        if entry.kind == "file" and (entry.size or 0) <= MAX_BYTES and _is_read(entry.path)
    }
    blobs = await mirror.blobs(wanted.values())
    texts = {path: decode(blobs[blob]) for path, blob in wanted.items()}
    return Snapshot(frozenset(entry.path for entry in entries), texts)


def is_page(path: str) -> bool:
    """Return whether a path is prose that tells how things are now."""
    return _suffix(path) in PROSE and _HISTORY.search(path) is None and role_of(path, is_code=False) != "test"


def is_module(path: str) -> bool:
    """Return whether a path is Python code that is neither test nor example."""
    return _suffix(path) in PYTHON and role_of(path, is_code=True) in {"code", "docs"} and not path.startswith("docs/")


def is_test(path: str) -> bool:
    """Return whether a path belongs to tests."""
    return role_of(path, is_code=True) == "test"


def _is_read(path: str) -> bool:
    return _suffix(path) in PROSE | PYTHON | _SETTINGS and unread_path(path) is None


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
