"""Bound the mirrors of repositories, by size and by when they were used last."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bot.toolchains.workspace import remove_tree
from bot.work.environments import measure

_DAY = 86_400.0  # seconds
_GONE = "gone-"


def trim_mirrors(root: Path, most: int, days: float) -> None:
    """Remove mirrors unused for ``days``, and those beyond ``most`` bytes.

    Those used longest ago go first; one that was used within a day stays. What a process left that died while it made
    or removed one goes too. Blocking.
    """
    now = time.time()
    for pattern in ("new-*", f"{_GONE}*"):
        for folder in root.glob(pattern):
            if now - folder.stat().st_mtime > _DAY:
                remove_tree(folder)
    left = most
    for used, folder in sorted(((path.stat().st_mtime, path) for path in root.glob("*.git")), reverse=True):
        left -= measure(folder)
        idle = now - used
        if idle > days * _DAY or (left < 0 and idle > _DAY):
            remove_mirror(folder)


def remove_mirror(folder: Path) -> None:
    """Remove a mirror, at once for whoever opens it, if it is there. Blocking."""
    if folder.is_dir():
        aside = Path(tempfile.mkdtemp(prefix=_GONE, dir=folder.parent))
        folder.rename(aside)
        remove_tree(aside)
