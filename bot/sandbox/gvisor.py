"""Run code on gVisor: a kernel of its own, in user space, answers its system calls.

https://gvisor.dev/docs/ ; the container is described as in https://github.com/opencontainers/runtime-spec
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot import metrics
from bot.sandbox import bwrap, cgroups
from bot.sandbox.disk import list_writable
from bot.sandbox.owners import open_folder, remove_left_folders
from bot.sandbox.port import WORK, CommandResult, Limits, Mount, Network, SandboxError
from bot.sandbox.relays import wrap_in_relay
from bot.sandbox.runner import Run, wrap_in_limits

_MISSING = "runsc is not here. Install gVisor (https://gvisor.dev/docs/user_guide/install/, or apt-get install runsc)."
# What runsc ends with where it could not start the container.
_NOT_STARTED = 128
# Threads and MiB of its kernel and file server: 60 and 70 were seen.
_OWN_PROCESSES = 128
_OWN_MB = 128


class GVisor:
    """Tier ``gvisor``: commands see the same places as in bubblewrap.

    They run as root of that kernel, without capabilities, which is nobody outside of it.
    """

    tier = "gvisor"

    def __init__(self) -> None:
        self._parents = cgroups.prepare_parents()

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
        program = await asyncio.to_thread(shutil.which, "runsc")
        if program is None:
            raise SandboxError(_MISSING)
        inner, extra = wrap_in_relay(argv, bwrap.PROXY_SOCKET) if network else (argv, ())
        places = [*mounts, *extra]
        if network:
            places.append(
                Mount(source=network.socket.parent, target=str(Path(bwrap.PROXY_SOCKET).parent), writable=True)
            )
        with open_folder(self.tier) as folder:
            bundle = Path(folder)
            command = wrap_in_limits(inner, limits, count_processes=False)
            await asyncio.to_thread(_write_bundle, bundle, command, workspace, places, limits, env or {})
            result = await Run(_add_own(limits), self._parents, list_writable(workspace, mounts)).execute(
                argv,
                _write_command(program, bundle, sockets=network is not None),
                env={"PATH": bwrap.PATH},
                cwd=Path("/"),
                report=report,
            )
        if result.exit_code == _NOT_STARTED and "running container:" in result.output:
            raise SandboxError(f"runsc could not start: {result.output.strip()[-500:]}")
        metrics.SANDBOX_RUNS.labels(self.tier, result.ended).inc()
        return result

    async def probe(self) -> str | None:
        """Remove what dead bots left, then run ``true`` as work is run."""
        if sys.platform != "linux":
            return "gVisor needs Linux."
        await asyncio.to_thread(remove_left_folders, self.tier)
        with tempfile.TemporaryDirectory() as directory:
            try:
                result = await self.run(["/usr/bin/env", "true"], Path(directory), limits=Limits(seconds=20))
            except SandboxError as error:
                return error.message
        return None if result.ok else f"runsc ran but ended badly: {result.output.strip()[-500:]}"

    def limits_by(self) -> str:
        """Say how memory and processes are limited here."""
        return (
            "cgroups"
            if self._parents
            else "a watchdog (degraded: no writable cgroup; systemd's Delegate=yes gives one)"
        )


def _add_own(limits: Limits) -> Limits:
    """Add what gVisor needs for itself to what the command may use."""
    more = {"processes": limits.processes + _OWN_PROCESSES, "memory_mb": limits.memory_mb + _OWN_MB}
    return limits.model_copy(update=more)


def _write_command(program: str, bundle: Path, *, sockets: bool) -> list[str]:
    """Write the command line; the container ends with its parent."""
    flags = ["--rootless", "--root", str(bundle / "state"), "--network=none", "--ignore-cgroups", "--platform=ptrace"]
    flags += ["--host-uds=all"] if sockets else []
    name = f"forgehand-{secrets.token_hex(8)}"
    return ["setpriv", "--pdeathsig", "KILL", program, *flags, "run", "--bundle", str(bundle), name]


def _write_bundle(
    bundle: Path,
    argv: Sequence[str],
    workspace: Path,
    mounts: Sequence[Mount],
    limits: Limits,
    env: Mapping[str, str],
) -> None:
    """Write the description, and the skeleton of the root. Blocking."""
    root = bundle / "rootfs"
    root.mkdir()
    for name, target in bwrap.list_links():
        (root / name).symlink_to(target)
    files = []
    for number, (target, text) in enumerate(bwrap.FILES.items()):
        source = bundle / str(number)
        source.write_text(text)
        files.append(Mount(source=source, target=target))
    system = [Mount(source=Path(place), target=place) for place in bwrap.list_system_places()]
    shown = [*system, *files, Mount(source=workspace, target=WORK, writable=True), *mounts]
    for mount in shown:
        bwrap.require_clean(mount.target, work=mount.source is workspace)
        _make_place(root, mount)
    (bundle / "config.json").write_text(json.dumps(_describe(argv, shown, limits, env)))


def _make_place(root: Path, mount: Mount) -> None:
    """Make what a mount covers; below another mount that is there already."""
    place = root / mount.target.lstrip("/")
    if mount.source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def _describe(argv: Sequence[str], mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str]) -> dict[str, Any]:
    """Describe the container as its runtime wants it."""
    sets = ("bounding", "effective", "inheritable", "permitted", "ambient")
    kinds = ("pid", "network", "ipc", "uts", "mount")
    return {
        "ociVersion": "1.0.2",
        "hostname": "sandbox",
        "root": {"path": "rootfs", "readonly": True},
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": list(argv),
            "env": [f"{name}={value}" for name, value in bwrap.make_environment(env).items()],
            "cwd": WORK,
            "capabilities": {one: [] for one in sets},
            "noNewPrivileges": True,
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
            _describe_memory("/tmp", limits.tmp_mb),  # noqa: S108
            _describe_memory(bwrap.HOME, limits.tmp_mb),
            _describe_memory("/dev/shm", bwrap.SHARED_MB),  # noqa: S108
            *(_describe_mount(mount) for mount in mounts),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in kinds]},
    }


def _describe_memory(target: str, size: int) -> dict[str, Any]:
    options = [f"size={size}m", "mode=1777", "nosuid", "nodev"]
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": options}


def _describe_mount(mount: Mount) -> dict[str, Any]:
    options = ["rbind", "rw" if mount.writable else "ro", "nosuid", "nodev"]
    return {"destination": mount.target, "type": "bind", "source": str(mount.source.resolve()), "options": options}
