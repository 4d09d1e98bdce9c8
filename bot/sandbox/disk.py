"""Notice when a command fills the disk, however it hides what it writes."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from bot.sandbox import processes
from bot.sandbox.port import Limits, Mount

_MIB = 1024 * 1024
_BLOCK = 512  # bytes of one of st_blocks, whatever the file system
_LEAST_FREE = 512 * _MIB
# The kernel's clock for files ticks this coarsely: a file may seem older than the command that made it.
_TICK_NS = 20_000_000
_BETWEEN_LOOKS = 4096  # files
_REST = 10  # times as long as the last measurement took


class Amount(NamedTuple):
    """Bytes, and how many files."""

    size: int
    files: int

    def reaches(self, other: Amount) -> bool:
        """Return whether one of both is as large as in ``other``."""
        return self.size >= other.size or self.files >= other.files


@dataclass
class _Device:
    """File system below ``place``: how much is free, and must stay so."""

    place: Path
    free: Amount
    reserve: int


class DiskWatch:
    """Watch over what a command writes below some places from now on.

    The disk is asked little: only where so much free space went that the limit may be reached are files looked at. What
    was changed since the start counts, but no more than the free space that went: to touch what was there is no growth.
    """

    def __init__(
        self, places: Sequence[Path], limits: Limits, measure_free: Callable[[Path], Amount] | None = None
    ) -> None:
        self._places = _drop_inner(places)
        self._measure_free = measure_free or _measure_free
        self._began = time.time_ns() - _TICK_NS
        self._most = Amount(limits.written_mb * _MIB, limits.written_files)
        self._devices: dict[int, _Device] = {}
        for place in self._places:
            free = self._measure_free(place)
            self._devices.setdefault(place.stat().st_dev, _Device(place, free, min(_LEAST_FREE, free.size // 2)))
        self._went = Amount(0, 0)
        self._due = Amount(self._most.size // 2, self._most.files // 2)
        self._rests_until = 0.0

    def look(self, pid: int) -> str | None:
        """Return why ``pid`` and all below it must end, or None. Blocking."""
        if self._is_full():
            return "the disk was almost full"
        began = time.monotonic()
        if began < self._rests_until or not self._went.reaches(self._due):
            return None
        written = self._measure(pid)
        ended = time.monotonic()
        self._rests_until = ended + _REST * (ended - began)
        if written.size > self._most.size:
            return f"more than {self._most.size // _MIB} MiB were written"
        if written.files > self._most.files:
            return f"more than {self._most.files} files were written"
        half = (self._most.size - written.size) // 2, (self._most.files - written.files) // 2
        self._due = Amount(self._went.size + half[0], self._went.files + half[1])
        return None

    def _is_full(self) -> bool:
        """Look how much space went since the last look, and is left."""
        for device in self._devices.values():
            with contextlib.suppress(OSError):
                free = self._measure_free(device.place)
                size, files = max(0, device.free.size - free.size), max(0, device.free.files - free.files)
                self._went = Amount(self._went.size + size, self._went.files + files)
                device.free = free
        return any(device.free.size < device.reserve for device in self._devices.values())

    def _measure(self, pid: int) -> Amount:
        """Sum what is new, up to the limit."""
        size = files = 0
        try:
            for status in self._list_new(pid):
                size += status.st_blocks * _BLOCK
                files += 1
                if size > self._most.size or files > self._most.files:
                    break
                if files % _BETWEEN_LOOKS == 0 and self._is_full():
                    break
        except OSError:
            return self._went  # all of it may be where we cannot look
        return Amount(min(size, self._went.size), min(files, self._went.files))

    def _list_new(self, pid: int) -> Iterator[os.stat_result]:
        """Yield each file and folder that was changed since the start, once."""
        known: set[tuple[int, int]] = set()
        for status in chain(_list_unlinked(pid), *map(_walk, self._places)):
            if status.st_ctime_ns < self._began or status.st_dev not in self._devices:
                continue
            if status.st_nlink != 1 and not stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) in known:
                    continue
                known.add((status.st_dev, status.st_ino))
            yield status


def list_writable(workspace: Path, mounts: Sequence[Mount]) -> list[Path]:
    """List the host's places that a command can write to."""
    return [workspace, *(mount.source for mount in mounts if mount.writable)]


def _drop_inner(places: Sequence[Path]) -> list[Path]:
    """Resolve places; drop each that lies within another."""
    real = {place.resolve() for place in places if place.exists()}
    return [one for one in real if not any(one != other and one.is_relative_to(other) for other in real)]


def _measure_free(place: Path) -> Amount:
    found = os.statvfs(place)
    return Amount(found.f_bavail * found.f_frsize, found.f_favail)


def _walk(place: Path) -> Iterator[os.stat_result]:
    """Yield the status of a place and all below it, links not followed.

    A folder that becomes a link in this moment is followed: what it shows lies on another device, is old, or counts
    against whoever did that. Raises OSError for a folder that cannot be read.
    """
    yield place.stat()
    folders = [str(place)]
    while folders:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(entry.path)
                    yield status


def _list_unlinked(pid: int) -> Iterator[os.stat_result]:
    """Yield the files without a name that ``pid`` and those below hold open."""
    for each in processes.list_descendants(pid):
        with contextlib.suppress(OSError):
            for entry in os.scandir(f"/proc/{each}/fd"):
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                        yield status
