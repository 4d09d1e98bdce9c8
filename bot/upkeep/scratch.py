"""Keep temporary files by process, so that dead ones' can be removed."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.toolchains.workspace import remove_tree

_LOCK = "lock"


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """Let :mod:`tempfile` work in a folder of its own below ``root``.

    Folders of processes that were killed are removed. Blocking. A folder is in use while its lock is held, which the
    kernel lets go of however the process ends.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (root / _LOCK).open("w") as turn:
        fcntl.lockf(turn, fcntl.LOCK_EX)  # or a folder that is not locked yet could be taken for a dead one
        for folder in [path for path in root.iterdir() if path.is_dir() and not _in_use(path)]:
            remove_tree(folder)
        own = Path(tempfile.mkdtemp(dir=root))
        lock = (own / _LOCK).open("w")
        fcntl.lockf(lock, fcntl.LOCK_EX)
    before = tempfile.tempdir
    tempfile.tempdir = str(own)
    try:
        yield own
    finally:
        tempfile.tempdir = before
        remove_tree(own)
        lock.close()


def _in_use(folder: Path) -> bool:
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
