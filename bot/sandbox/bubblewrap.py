"""Run code in namespaces, behind a seccomp filter and in cgroups."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from bot import metrics
from bot.sandbox import bwrap, cgroups, seccomp
from bot.sandbox.disk import list_writable
from bot.sandbox.port import CommandResult, Limits, Mount, Network, SandboxError
from bot.sandbox.program import find_bubblewrap
from bot.sandbox.relays import wrap_in_relay
from bot.sandbox.runner import Run, wrap_in_limits

_INSTALL = "Install bubblewrap 0.8 or newer (apt-get install bubblewrap)."
_ALLOW = (
    "It must be 0.8 or newer and be let make namespaces: inside a container by the seccomp profile and the options of "
    "deploy/, on Ubuntu 23.10 and newer by sysctl -w kernel.apparmor_restrict_unprivileged_userns=0."
)


class Bubblewrap:
    """Tier ``bubblewrap``: commands in fresh namespaces.

    They see /usr, the workspace at /work and the given mounts, nothing else. https://github.com/containers/bubblewrap
    """

    tier = "bubblewrap"

    def __init__(self, *, use_cgroups: bool = True) -> None:
        self._parents = cgroups.prepare_parents() if use_cgroups else None

    async def run(
        self,
        argv: Sequence[str],
        workspace: Path,
        *,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),  # noqa: B008
        network: Network | None = None,
        env: Mapping[str, str] | None = None,
        report: Path | None = None,
    ) -> CommandResult:
        """Run a command, see :class:`.port.Sandbox`; raises SandboxError."""
        program = await asyncio.to_thread(find_bubblewrap)
        if program is None:
            raise SandboxError(f"bwrap is not here. {_INSTALL}")
        inner, extra = wrap_in_relay(argv, bwrap.PROXY_SOCKET) if network else (argv, ())
        with _Handles() as handles:
            arguments = bwrap.build_arguments(
                wrap_in_limits(inner, limits, count_processes=self._parents is None),
                workspace,
                mounts=[*mounts, *extra],
                limits=limits,
                env=env or {},
                network=network.socket if network else None,
                descriptors=handles.descriptors,
            )
            run = Run(limits, self._parents, list_writable(workspace, mounts), handles.kill_inner)
            result = await run.execute(
                argv,
                [program, *arguments],
                # Bubblewrap is pid 1 inside, where its environment can be read in /proc/1/environ.
                env={"PATH": bwrap.PATH},
                cwd=Path("/"),
                descriptors=handles.descriptors.all(),
                report=report,
            )
            if result.ended == "exit" and not handles.command_ran():
                raise SandboxError(f"bubblewrap could not start: {result.output.strip()[-500:]} {_ALLOW}")
        metrics.SANDBOX_RUNS.labels(self.tier, result.ended).inc()
        return result

    async def probe(self) -> str | None:
        """Run ``true`` through the very command line used for work."""
        if sys.platform != "linux":
            return "bubblewrap needs Linux."
        with tempfile.TemporaryDirectory() as directory:
            try:
                result = await self.run(["/usr/bin/env", "true"], Path(directory), limits=Limits(seconds=20))
            except SandboxError as error:
                return error.message
        return None if result.ok else f"bubblewrap ran but ended badly: {result.output.strip()[-500:]} {_ALLOW}"

    def limits_by(self) -> str:
        """Say how memory and processes are limited here."""
        if self._parents:
            return "cgroups"
        return "ulimit and a watchdog (degraded: no writable cgroup; systemd's Delegate=yes gives one)"


class _Handles:
    """Descriptors of one bubblewrap, its status among them."""

    def __enter__(self) -> Self:
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._text = b""
        filter_program = seccomp.build_filter()
        self.descriptors = bwrap.Descriptors(
            files={target: _make_memory_file(text.encode()) for target, text in bwrap.FILES.items()},
            status=writer,
            seccomp=None if filter_program is None else _make_memory_file(filter_program),
        )
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._reader, *self.descriptors.all()):
            os.close(descriptor)

    def _status(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            self._text += os.read(self._reader, 65536)
        return self._text

    def kill_inner(self) -> None:
        """Kill the first process of the namespace; bubblewrap ends after it."""
        if found := re.search(rb'"child-pid": (\d+)', self._status()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(found[1]), signal.SIGKILL)

    def command_ran(self) -> bool:
        """Return whether the command was started: only then has it an exit code."""
        return b'"exit-code"' in self._status()


def _make_memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("sandbox")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
