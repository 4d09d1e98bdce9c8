"""Bound what is kept of environments, by age and by size."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bot.toolchains.workspace import remove_tree
from bot.work.environments import ASIDE, KEPT, OLDEST, Kept

# Seconds after which whoever was making or removing a folder is dead.
_ABANDONED = 3600.0


class _Entry(NamedTuple):
    used: float
    made: float
    bytes: int
    folder: Path


def trim_shelves(root: Path, most: int) -> None:
    """Remove environments that are old, and those beyond ``most`` bytes.

    Those used longest ago go first, and what a process left that died while it made or removed one. Blocking.
    """
    now = time.time()
    for folder in root.glob(f"*/{ASIDE}*"):
        if now - folder.stat().st_mtime > _ABANDONED:
            remove_tree(folder)
    left = most
    for entry in sorted(_list_entries(root), reverse=True):
        left -= entry.bytes
        if left < 0 or now - entry.made > OLDEST:
            remove_entry(entry.folder)


def remove_entry(folder: Path) -> None:
    """Remove one environment: at once for whoever looks for it. Blocking."""
    aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=folder.parent))
    folder.rename(aside)
    remove_tree(aside)


def remove_shelf(folder: Path) -> None:
    """Remove all environments of a repository. There may be none. Blocking."""
    for entry in folder.glob("*"):
        remove_entry(entry)
    remove_tree(folder)


def _list_entries(root: Path) -> Iterator[_Entry]:
    for file in root.glob(f"*/*/{KEPT}"):
        kept = Kept.load(file)
        if kept is not None and not file.parent.name.startswith(ASIDE):
            yield _Entry(file.stat().st_mtime, kept.made, kept.bytes, file.parent)
