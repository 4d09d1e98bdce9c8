"""Find, measure and kill processes by what ``/proc`` says of them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
# A process may start another one between two looks; one that was killed needs a moment to go.
_ROUNDS = 10
_DYING_SECONDS = 0.02


def list_descendants(pid: int) -> list[int]:
    """List ``pid`` and every living process below it."""
    found = [pid]
    queue = [pid]
    while queue:
        current = queue.pop()
        for listing in Path(f"/proc/{current}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(child) for child in listing.read_text().split()]
                found += children
                queue += children
    return found


def find_orphans(program: str, folder: Path) -> list[int]:
    """Find processes of ``program`` that no server supervises.

    They have ``folder`` in their command line; all below them are returned too. What another living server has started
    is its own business.
    """
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            argv = (path / "cmdline").read_bytes()
            if argv.split(b"\0", 1)[0].rpartition(b"/")[2] == program.encode() and os.fsencode(folder) in argv:
                parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
    server = _executable(os.getpid())
    left = [pid for pid, parent in parents.items() if parent not in parents and _executable(parent) != server]
    return [process for pid in left for process in list_descendants(pid)]


def _executable(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/exe").readlink()
    except OSError:
        return None


def measure_resident_mb(pids: list[int]) -> float:
    """Sum the resident sizes, in MiB; shared pages count once a process."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return total * _PAGE / (1024 * 1024)


def kill(pids: list[int]) -> None:
    """Send SIGKILL to each process that still lives and is ours."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def kill_marked(variable: str) -> None:
    """Kill our processes that have ``NAME=value`` in their environment.

    A child with a session of its own is nobody's descendant once its parent has ended. Blocking.
    """
    for _ in range(_ROUNDS):
        marked = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _holds(path, variable)]
        if not marked:
            return
        kill(marked)
        time.sleep(_DYING_SECONDS)


def _holds(environ: Path, variable: str) -> bool:
    try:
        return os.fsencode(variable) in environ.read_bytes().split(b"\0")
    except OSError:
        return False
