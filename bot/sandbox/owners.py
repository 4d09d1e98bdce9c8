"""Name the process that something belongs to, so that it can be removed once that has ended."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from pathlib import Path


def name_owner(pid: int | None = None) -> str:
    """Name a process by machine, number and start, as no later one is."""
    pid = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}/{pid}/{_read_start(pid)}"


def is_left(owner: str) -> bool:
    """Return whether the process of :func:`name_owner` was here and has ended."""
    machine, pid, start = owner.split("/")
    return machine == socket.gethostname() and start != _read_start(int(pid))


def open_folder(kind: str) -> tempfile.TemporaryDirectory[str]:
    """Make a temporary folder that tells whose it is."""
    prefix = f"forgehand-{kind}-{name_owner().replace('/', '@')}@"
    return tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)


def remove_left_folders(kind: str) -> None:
    """Remove the folders of :func:`open_folder` whose process has ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"forgehand-{kind}-*"):
        found = re.fullmatch(rf"forgehand-{kind}-(.+)@(\d+)@(\d+)@.*", folder.name)
        if found and is_left("/".join(found.groups())):
            shutil.rmtree(folder, ignore_errors=True)


def _read_start(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
