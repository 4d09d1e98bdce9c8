"""Bound the files of packages that are kept on this machine."""

from __future__ import annotations

import time
from pathlib import Path

from bot.sandbox.packages import PART

# Seconds after which whoever was fetching a file is dead.
_ABANDONED = 86_400.0


def trim_packages(root: Path, most: int) -> None:
    """Remove the files used longest ago beyond ``most`` bytes. Blocking.

    What is being read goes on being read. Parts that a dead process left go too.
    """
    now = time.time()
    left = most
    files = [(path.stat(), path) for path in root.glob("*")]
    for status, path in sorted(files, key=lambda file: file[0].st_mtime, reverse=True):
        is_part = path.suffix == PART
        if is_part and now - status.st_mtime < _ABANDONED:
            continue
        left -= status.st_size
        if left < 0 or is_part:
            path.unlink(missing_ok=True)
