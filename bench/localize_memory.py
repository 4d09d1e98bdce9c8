"""The most memory this process and its children held together, sampled."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_INTERVAL = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


class PeakMemory:
    """``peak_mb`` is the largest sum of resident sizes seen while the block ran, in MB. Linux only.

    ``before_mb`` is what was held already when it began.
    """

    def __init__(self) -> None:
        self.peak_mb = self.before_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self.before_mb = _held_mb()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            self.peak_mb = max(self.peak_mb, _held_mb())


def _held_mb() -> float:
    return sum(_resident(pid) for pid in _family(os.getpid())) / 2**20


def _family(pid: int) -> list[int]:
    """List a process and everything below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0
