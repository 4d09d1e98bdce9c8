"""A clock that may be set while a server runs: what the process takes for the time of day, not its steady clock.

``install`` comes before the server's modules are imported, in the process that forks the servers. Each server reads how
far it is off from the file that its environment names.
"""

from __future__ import annotations

import os
import struct
import time
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path

WANTED = "FORGEHAND_FAULTS_CLOCK"  # in the environment of the process that forks: any text; of a server: its file
_SECONDS = struct.Struct("d")


def install() -> None:
    """Have ``time.time`` and ``time.time_ns`` of this process and its children go by such a file."""
    right, right_ns = time.time, time.time_ns

    def off() -> float:
        told = _read(os.environ.get(WANTED, ""), os.getpid())
        return 0.0 if told is None else float(_SECONDS.unpack_from(told)[0])

    vars(time).update(time=lambda: right() + off(), time_ns=lambda: right_ns() + int(off() * 1e9))


def set_clock(path: Path, seconds: float) -> None:
    """Put a server's clock so far off, from now on."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(_SECONDS.pack(seconds))


@cache
def _read(path: str, _pid: int) -> mmap | None:
    if not Path(path).is_file():
        return None
    with Path(path).open("rb") as file:
        return mmap(file.fileno(), _SECONDS.size, access=ACCESS_READ)
