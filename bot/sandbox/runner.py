"""Run one command within limits, leaving no process behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from bot.sandbox import processes
from bot.sandbox.cgroups import Parents, RunGroup
from bot.sandbox.disk import DiskWatch
from bot.sandbox.output import HeadTail
from bot.sandbox.port import CommandResult, Limits, SandboxError
from bot.types import T

Ended = Literal["exit", "timeout", "memory", "disk", "cancelled"]
_WATCH_SECONDS = 0.05
_DRAIN_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_LAST_WORDS_SECONDS = 10.0
# Joins the groups named before "--", then executes the rest.
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
# ulimit -f counts blocks of 512 bytes; the number of processes is -u in bash and -p in dash.
_LIMIT = (
    'ulimit -c 0; ulimit -f "$1"; [ "$2" = 0 ] || ulimit -u "$2" 2>/dev/null || ulimit -p "$2" 2>/dev/null; '
    'shift 2; exec "$@"'
)


def wrap_in_limits(argv: Sequence[str], limits: Limits, *, count_processes: bool) -> list[str]:
    """Put ``argv`` behind a shell that limits files, cores and processes.

    The kernel counts processes per user, so the last is for a user namespace of one's own without a cgroup.
    """
    processes_allowed = limits.processes if count_processes else 0
    return ["/bin/sh", "-c", _LIMIT, "sh", str(limits.file_mb * 2048), str(processes_allowed), *argv]


async def see_through(work: Coroutine[Any, Any, T], stop: Callable[[], None] | None = None) -> T:
    """Await to the end even where we are cancelled, and tell that then.

    ``stop`` is called where that happens.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
            if stop is not None:
                stop()
    if cancelled:
        raise asyncio.CancelledError
    return task.result()


class Run:
    """Run of a command, supervised; ``kill_inner`` ends what outlives it.

    ``writable``: the host's places that it can write to. ``elsewhere``: it runs below another process than the one that
    is started here, which limits its memory and processes.
    """

    def __init__(
        self,
        limits: Limits,
        parents: Parents | None,
        writable: Sequence[Path],
        kill_inner: Callable[[], None] | None = None,
        *,
        elsewhere: bool = False,
    ) -> None:
        self._limits = limits
        self._parents = parents
        self._writable = writable
        self._kill_inner = kill_inner
        self._elsewhere = elsewhere
        self._group: RunGroup | None = None
        self._stop = asyncio.Event()
        self._output = HeadTail(limits.output_kb * 1024)
        self._peak: float | None = None
        self._overrun: Literal["memory", "disk"] | None = None
        self._note = ""

    async def execute(
        self,
        shown: Sequence[str],
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        descriptors: Sequence[int] = (),
        report: Path | None = None,
    ) -> CommandResult:
        """Run ``command`` (reported as ``shown``) to its end or its limit.

        Cancelling the awaiting task kills every process first. Raises :class:`SandboxError` where it cannot start.
        """
        return await see_through(self._supervise(shown, command, env, cwd, descriptors, report), self._stop.set)

    async def _supervise(
        self,
        shown: Sequence[str],
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        descriptors: Sequence[int],
        report: Path | None,
    ) -> CommandResult:
        disk = await asyncio.to_thread(DiskWatch, self._writable, self._limits)
        self._group = RunGroup.create(self._parents, self._limits) if self._parents else None
        started = time.monotonic()
        reader, writer = os.pipe()
        pump = asyncio.ensure_future(self._pump(reader))
        try:
            process = await _start(self._join_group(command), env, cwd, writer, descriptors, report)
            ended = await self._wait(process, disk)
            await self._end(process)
        finally:
            os.close(writer)
            if self._group:
                await self._group.remove()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pump, _DRAIN_SECONDS)
        return self._result(shown, process, ended, time.monotonic() - started)

    def _join_group(self, command: Sequence[str]) -> Sequence[str]:
        if self._group is None:
            return command
        return [
            "/bin/sh",
            "-c",
            _JOIN,
            "sh",
            *(str(directory) for directory in self._group.directories),
            "--",
            *command,
        ]

    async def _wait(self, process: asyncio.subprocess.Process, disk: DiskWatch) -> Ended:
        watches = [asyncio.ensure_future(self._watch_disk(disk, process.pid))]
        if self._group:
            watches.append(asyncio.ensure_future(self._watch_group(self._group, process.pid)))
        elif not self._elsewhere:
            watches.append(asyncio.ensure_future(self._watch(process.pid)))
        exited = asyncio.ensure_future(process.wait())
        stopped = asyncio.ensure_future(self._stop.wait())
        done, _ = await asyncio.wait(
            {exited, stopped}, timeout=self._limits.seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for task in (exited, stopped, *watches):
            task.cancel()
        if exited in done:
            return "exit"
        return "cancelled" if stopped in done else "timeout"

    async def _watch(self, pid: int) -> None:
        """Kill the run when it holds too much memory and no cgroup limits it."""
        while True:
            living = await asyncio.to_thread(processes.list_descendants, pid)
            size = await asyncio.to_thread(processes.measure_resident_mb, living)
            self._peak = max(self._peak or 0.0, round(size, 1))
            too_many = len(living) > self._limits.processes + 2
            if too_many or size > self._limits.memory_mb:
                what = f"{self._limits.processes} processes" if too_many else f"{self._limits.memory_mb} MiB"
                self._stop_for("memory", f"more than {what}", pid)
                return
            await asyncio.sleep(_WATCH_SECONDS)

    async def _watch_group(self, group: RunGroup, pid: int) -> None:
        """Kill the run soon after its group had one of its processes killed.

        The others may wait for that one for ever, as gVisor's kernel was seen to do.
        """
        while not group.out_of_memory():  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.sleep(_LAST_WORDS_SECONDS)
        self._kill(pid)

    async def _watch_disk(self, disk: DiskWatch, pid: int) -> None:
        """Kill the run when it fills the disk."""
        while (why := await asyncio.to_thread(disk.look, pid)) is None:  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(_LOOK_SECONDS)
        self._stop_for("disk", why, pid)

    def _stop_for(self, overrun: Literal["memory", "disk"], why: str, pid: int) -> None:
        self._overrun = overrun
        self._note = f"\n[stopped: {why}]\n"
        self._kill(pid)

    def _kill(self, pid: int) -> None:
        living = processes.list_descendants(pid)
        if self._kill_inner:
            self._kill_inner()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, 9)
        processes.kill(living[1:])

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Kill what still runs and read what the group counted."""
        if process.returncode is None or not self._kill_inner:
            self._kill(process.pid)
        await process.wait()
        if self._group:
            self._group.kill()
            self._peak = self._group.peak_mb()
            if self._group.out_of_memory():
                self._overrun = self._overrun or "memory"

    async def _pump(self, descriptor: int) -> None:
        stream = asyncio.StreamReader()
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), pipe
        )
        try:
            while data := await stream.read(65536):
                self._output.feed(data)
        finally:
            transport.close()

    def _result(
        self, shown: Sequence[str], process: asyncio.subprocess.Process, ended: Ended, seconds: float
    ) -> CommandResult:
        if self._overrun and ended == "exit":
            ended = self._overrun
        code = process.returncode
        if code is not None and 128 < code <= 128 + 64:
            code = 128 - code  # shells and bubblewrap report a signal as 128 + its number
        return CommandResult(
            argv=tuple(shown),
            exit_code=code if ended == "exit" else None,
            output=self._output.text() + self._note,
            truncated=self._output.truncated,
            seconds=round(seconds, 3),
            peak_mb=self._peak,
            ended=ended,
        )


async def _start(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    output: int,
    descriptors: Sequence[int],
    report: Path | None,
) -> asyncio.subprocess.Process:
    stdout = output if report is None else os.open(report, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=output,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            pass_fds=descriptors,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SandboxError(f"Cannot start {Path(command[0]).name}: {reason}.") from None
    finally:
        if report is not None:
            os.close(stdout)
