"""Run code in a container of Podman or Docker that has no image but the host's own system, read-only."""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot import metrics
from bot.sandbox import bwrap, seccomp
from bot.sandbox.disk import list_writable
from bot.sandbox.engine import LABEL, MISSING, Engine, find_engine
from bot.sandbox.owners import name_owner, open_folder, remove_left_folders
from bot.sandbox.port import WORK, CommandResult, Limits, Mount, Network, SandboxError
from bot.sandbox.relays import find_interpreter, wrap_in_relay
from bot.sandbox.runner import Run, see_through, wrap_in_limits

_GUARD = "/forgehand/guard.py"
_FILTER = "/forgehand/filter"
_SOURCE = Path(__file__).parent / "inside" / "guard.py"
# MiB and threads of the first process in the container, and of the engine's while it starts.
_OWN_MB = 16
_OWN_PROCESSES = 8
_MOST_FILES = 65536
_MOST_THREADS = 4096
# The client reads from a pipe that ends with us. Killed in the midst of a start, Podman's leaves processes behind.
_TIED = 'exec "$@" < /proc/self/fd/{}'


class Container:
    """Tier ``container``: commands see the same places as in bubblewrap.

    They run as the bot's own account without capabilities, behind the engine's filter of system calls and ours.
    """

    tier = "container"

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
        engine = await asyncio.to_thread(find_engine)
        if engine is None:
            raise SandboxError(MISSING)
        inner, extra = wrap_in_relay(argv, bwrap.PROXY_SOCKET) if network else (argv, ())
        places = [*mounts, *extra]
        if network:
            places.append(Mount(source=network.socket, target=bwrap.PROXY_SOCKET))
        name = f"forgehand-{secrets.token_hex(8)}"
        with open_folder(self.tier) as folder:
            command = wrap_in_limits(inner, limits, count_processes=False)
            shown = await asyncio.to_thread(_list_mounts, Path(folder), workspace, places)
            options = _describe(engine, name, shown, limits, env or {})
            try:
                await see_through(asyncio.to_thread(_create, engine, options, command))
                run = Run(limits, None, list_writable(workspace, mounts), elsewhere=True)
                result = await _start(run, engine, name, argv, report)
                state = await asyncio.to_thread(engine.look, name)
            finally:
                await see_through(asyncio.to_thread(engine.remove, name))
        if not state.began and result.ended == "exit":
            raise SandboxError(f"{engine.program} could not start: {result.output.strip()[-500:]}")
        if state.out_of_memory and result.ended == "exit":
            result = result.model_copy(update={"ended": "memory", "exit_code": None})
        metrics.SANDBOX_RUNS.labels(self.tier, result.ended).inc()
        return result

    async def probe(self) -> str | None:
        """Remove what dead bots left, then run ``true`` as work is run."""
        if sys.platform != "linux":
            return "The container tier needs Linux: it shows the host's own programs inside."
        engine = await asyncio.to_thread(find_engine)
        if engine is None:
            return MISSING
        with tempfile.TemporaryDirectory() as directory:
            try:
                await asyncio.to_thread(engine.remove_left)
                await asyncio.to_thread(remove_left_folders, self.tier)
                if lack := await asyncio.to_thread(engine.lacks_limits):
                    return lack
                result = await self.run(["/usr/bin/env", "true"], Path(directory), limits=Limits(seconds=60))
            except SandboxError as error:
                return error.message
        return None if result.ok else f"{engine.program} ran but ended badly: {result.output.strip()[-500:]}"

    def limits_by(self) -> str:
        """Say how memory and processes are limited here."""
        engine = find_engine()
        return f"cgroups of {Path(engine.program).name}" if engine else "nothing"


async def _start(run: Run, engine: Engine, name: str, argv: Sequence[str], report: Path | None) -> CommandResult:
    """Run a container that was created; it ends where the pipe to it does."""
    reader, writer = os.pipe()
    try:
        return await run.execute(
            argv,
            [
                *("/bin/sh", "-c", _TIED.format(reader), "sh"),
                *(engine.program, "start", "--attach", "--interactive", name),
            ],
            env=engine.environment,
            cwd=Path("/"),
            descriptors=[reader],
            report=report,
        )
    finally:
        os.close(reader)
        os.close(writer)


def _create(engine: Engine, options: Sequence[str], command: Sequence[str]) -> None:
    program, _ = find_interpreter()
    guarded = [program, "-I", "-S", _GUARD, _FILTER, *command]
    engine.ask("create", *options, engine.make_image(), *guarded)


def _describe(engine: Engine, name: str, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str]) -> list[str]:
    """Write the options of the container."""
    memory = f"{limits.memory_mb + _OWN_MB}m"
    soft, hard = (min(one, _MOST_FILES) for one in resource.getrlimit(resource.RLIMIT_NOFILE))
    options = ["--name", name, "--label", f"{LABEL}={name_owner()}", "--pull", "never", "--log-driver", "none"]
    options += ["--interactive", "--attach", "stdin", "--attach", "stdout", "--attach", "stderr"]
    options += ["--network", "none", "--hostname", "sandbox", "--read-only", "--workdir", WORK]
    options += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    options += ["--user", f"{os.getuid()}:{os.getgid()}", "--shm-size", f"{bwrap.SHARED_MB}m"]
    options += ["--memory", memory, "--memory-swap", memory, "--pids-limit", str(limits.processes + _OWN_PROCESSES)]
    options += ["--ulimit", f"nofile={soft}:{hard}", "--ulimit", "core=0:0"]
    if engine.is_podman:
        # what it asks for itself may be more than it is allowed
        options += ["--ulimit", f"nproc={_MOST_THREADS}:{_MOST_THREADS}"]
        options += ["--userns", "keep-id"] if os.getuid() else []
    for target in ("/tmp", bwrap.HOME):  # noqa: S108
        options += ["--tmpfs", f"{target}:rw,exec,nosuid,nodev,size={limits.tmp_mb}m,mode=1777"]
    options += ["--tmpfs", "/sys:ro,size=4k"]
    for variable, value in bwrap.make_environment(env).items():
        options += ["--env", f"{variable}={value}"]
    for mount in mounts:
        options += ["--mount", _describe_mount(mount)]
    return options


def _describe_mount(mount: Mount) -> str:
    """Write a mount as the line of CSV that an engine reads."""
    fields = ["type=bind", f"source={mount.source.resolve()}", f"target={mount.target}"]
    fields += [] if mount.writable else ["readonly"]
    return ",".join('"{}"'.format(field.replace('"', '""')) for field in fields)


def _list_mounts(folder: Path, workspace: Path, mounts: Sequence[Mount]) -> list[Mount]:
    """List all that is shown; makes the files of it. Blocking."""
    user = f":{os.getuid()}:{os.getgid()}:"
    texts = {target: text.replace(":1000:1000:", user).encode() for target, text in bwrap.FILES.items()}
    texts |= {"/etc/resolv.conf": b"", "/etc/hostname": b"sandbox\n", _FILTER: seccomp.build_filter() or b""}
    files = []
    for number, (target, content) in enumerate(texts.items()):
        source = folder / str(number)
        source.write_bytes(content)
        files.append(Mount(source=source, target=target))
    system = [Mount(source=Path(place), target=place) for place in bwrap.list_system_places()]
    _, python = find_interpreter()
    guard = [Mount(source=_SOURCE, target=_GUARD), *python]
    work = Mount(source=workspace, target=WORK, writable=True)
    shown = {mount.target: mount for mount in (*system, *files, *guard, *mounts)}
    for mount in shown.values():
        bwrap.require_clean(mount.target)
    return [*shown.values(), work]
