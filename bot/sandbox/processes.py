"""What a process and its descendants hold, read from ``/proc``; nothing where there is no ``/proc``."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> list[int]:
    """``pid`` and every living process below it."""
    found, queue = [pid], [pid]
    while queue:
        current = queue.pop()
        for listing in Path(f"/proc/{current}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(child) for child in listing.read_text().split()]
                found += children
                queue += children
    return found


def orphans(program: str, folder: Path) -> list[int]:
    """Living processes of ``program`` with ``folder`` in their command line that are not below this process."""
    own, found = set(descendants(os.getpid())), []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            argv = (path / "cmdline").read_bytes()
            named = argv.split(b"\0", 1)[0].rpartition(b"/")[2] == program.encode()
            if named and os.fsencode(folder) in argv and int(path.name) not in own:
                found.append(int(path.name))
    return found


def resident_mb(pids: list[int]) -> float:
    """The sum of the resident sizes, in MiB; shared pages count once a process."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return total * _PAGE / (1024 * 1024)


def kill(pids: list[int]) -> None:
    """SIGKILL to each that still lives and is ours."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
