"""Limit memory and processes of one run through cgroups.

It uses v2 where that is delegated to us (https://docs.kernel.org/admin-guide/cgroup-v2.html), v1 where we are root.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Limits

PREFIX = "forgehand-run-"
# cgroup v2 forbids processes in a group that delegates controllers, so our own move into this leaf
OWN_LEAF = "bot"
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Parents:
    """Directories for groups of memory and pids; for v2 both are one."""

    version: int
    memory: Path
    pids: Path


def find_parents(root: Path = Path("/sys/fs/cgroup"), own: str | None = None) -> Parents | None:
    """Find the groups we may make children in by ``/proc/self/cgroup``."""
    try:
        text = Path("/proc/self/cgroup").read_text() if own is None else own
        return _find_version2(root, text) if (root / "cgroup.controllers").exists() else _find_version1(root, text)
    except OSError:
        return None


def _own_path(text: str, controller: str) -> str | None:
    for line in text.splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return path.lstrip("/")
    return None


def _find_version1(root: Path, text: str) -> Parents | None:
    memory = _own_path(text, "memory")
    pids = _own_path(text, "pids")
    if memory is None or pids is None:
        return None
    parents = Parents(1, root / "memory" / memory, root / "pids" / pids)
    usable = all(path.is_dir() and os.access(path, os.W_OK) for path in (parents.memory, parents.pids))
    return parents if usable else None


def _find_version2(root: Path, text: str) -> Parents | None:
    path = _own_path(text, "")
    if path is None:
        return None
    base = root / path
    if base.name == OWN_LEAF:
        base = base.parent
    if not os.access(base, os.W_OK) or not {"memory", "pids"} <= set((base / "cgroup.controllers").read_text().split()):
        return None
    if not {"memory", "pids"} <= set((base / "cgroup.subtree_control").read_text().split()):
        leaf = base / OWN_LEAF
        leaf.mkdir(exist_ok=True)
        for pid in (base / "cgroup.procs").read_text().split():
            (leaf / "cgroup.procs").write_text(pid)
        (base / "cgroup.subtree_control").write_text("+memory +pids")
    return Parents(2, base, base)


def find_memory(root: Path = Path("/sys/fs/cgroup"), own: str | None = None) -> int:
    """Return how many MiB we may use: the machine's, or our groups' limit."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    if (root / "cgroup.controllers").exists():
        top, controller, name = root, "", "memory.max"
    else:
        top, controller, name = root / "memory", "memory", "memory.limit_in_bytes"
    with contextlib.suppress(OSError):
        text = Path("/proc/self/cgroup").read_text() if own is None else own
        group = top / (_own_path(text, controller) or "")
        for folder in (group, *group.parents):
            with contextlib.suppress(OSError, ValueError):  # a container does not see its path; v2 says "max"
                sizes.append(int((folder / name).read_text()))
    return min(sizes) // _MIB


@functools.cache
def prepare_parents() -> Parents | None:
    """Find the parents once, and end groups a killed bot left."""
    found = find_parents()
    if found:
        for group in {*found.memory.glob(f"{PREFIX}*"), *found.pids.glob(f"{PREFIX}*")}:
            if not Path(f"/proc/{group.name.removeprefix(PREFIX).split('-')[0]}").exists():
                with contextlib.suppress(OSError):
                    _kill_all(group)
                    group.rmdir()
    return found


def _kill_all(group: Path) -> None:
    for pid in (group / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


class RunGroup:
    """Cgroup of a run: :meth:`create`, join its directories, :meth:`remove`."""

    def __init__(self, version: int, memory: Path, pids: Path) -> None:
        self._version = version
        self._memory = memory
        self._pids = pids

    @classmethod
    def create(cls, within: Parents, limits: Limits) -> RunGroup | None:
        """Create a group with these limits; None where the kernel refuses."""
        name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
        group = cls(within.version, within.memory / name, within.pids / name)
        try:
            for directory in group.directories:
                directory.mkdir()
            group._set(limits)
        except OSError:
            for directory in group.directories:
                with contextlib.suppress(OSError):
                    directory.rmdir()
            return None
        return group

    @property
    def directories(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self._memory, self._pids)))

    def _set(self, limits: Limits) -> None:
        size = str(limits.memory_mb * _MIB)
        (self._pids / "pids.max").write_text(str(limits.processes))
        if self._version == 2:
            (self._memory / "memory.max").write_text(size)
            (self._memory / "memory.oom.group").write_text("1")
            swap = self._memory / "memory.swap.max"
            most_swap = "0"
        else:
            (self._memory / "memory.limit_in_bytes").write_text(size)
            # v1 bounds memory and swap together.
            swap = self._memory / "memory.memsw.limit_in_bytes"
            most_swap = size
        if swap.exists():
            swap.write_text(most_swap)

    def peak_mb(self) -> float | None:
        """Return the most memory charged, in MiB with page cache, if known."""
        path = self._memory / ("memory.peak" if self._version == 2 else "memory.max_usage_in_bytes")
        try:
            return round(int(path.read_text()) / _MIB, 1)
        except OSError:
            return None

    def out_of_memory(self) -> bool:
        """Return whether the kernel killed a process of the run for its memory."""
        path = self._memory / ("memory.events" if self._version == 2 else "memory.oom_control")
        fields = dict(line.split() for line in path.read_text().splitlines())
        return int(fields.get("oom_kill", 0)) > 0

    def kill(self) -> None:
        """Send SIGKILL to every process in the group."""
        whole = self._memory / "cgroup.kill"
        if self._version == 2 and whole.exists():
            whole.write_text("1")
            return
        _kill_all(self._pids)

    async def remove(self) -> None:
        """Kill what is left; remove the group once the last process is reaped."""
        for _ in range(200):
            with contextlib.suppress(FileNotFoundError):
                self.kill()
            if all(_try_remove(directory) for directory in self.directories):
                return
            await asyncio.sleep(0.01)


def _try_remove(directory: Path) -> bool:
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
