"""Read the versions a repository's lock file names. Blocking.

They are those its maintainers test with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.toolchains.python.config import get_table, pick_plain, read_text, read_toml

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_MAX_BYTES = 16_000_000
_ELSEWHERE = {"git", "path", "url", "editable", "virtual", "directory", "archive", "vcs"}


def read_locked(tree: Path) -> tuple[str, ...]:
    """Return ``name==version`` of every package that is locked once.

    The first lock file counts, and only packages from a registry.
    """
    for name in _LOCKS:
        data = read_toml(tree / name, _MAX_BYTES)
        versions: dict[str, set[str]] = {}
        # [[package]] everywhere but in pylock.toml
        entries = data.get("package") or data.get("packages")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and _from_registry(entry):
                versions.setdefault(str(entry.get("name")), set()).add(str(entry.get("version")))
        if versions:
            pins = (f"{name}=={next(iter(found))}" for name, found in versions.items() if len(found) == 1)
            return tuple(pick_plain(pins))
    return tuple(pick_plain(_read_pipenv(tree)))


def _read_pipenv(tree: Path) -> Iterator[str]:
    """Yield what a Pipfile.lock pins."""
    try:
        data = json.loads(read_text(tree / "Pipfile.lock", _MAX_BYTES))
    except (ValueError, RecursionError):
        return
    entries = get_table(data, "default") | get_table(data, "develop")
    yield from (
        f"{name}{entry['version']}"
        for name, entry in entries.items()
        if isinstance(entry, dict) and isinstance(entry.get("version"), str) and _from_registry(entry)
    )


def _from_registry(entry: dict[str, Any]) -> bool:
    source = entry.get("source")
    where = entry.keys() | (source.keys() | {source.get("type")} if isinstance(source, dict) else set())
    return not _ELSEWHERE & where
