"""The attack table: what hostile code tries in each tier that isolates, each tried for real."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
import sys
from pathlib import Path

import pytest

from bot.sandbox import cgroups
from bot.sandbox.engine import find_engine
from bot.sandbox.port import WORK, Limits, Mount, Sandbox, SandboxError
from bot.sandbox.proxy import RegistryProxy
from tests.sandbox.conftest import PYTHON, Shell
from tests.support.processes import running, until
from tests.support.sandboxes import bubblewrap

# tests/sandbox/test_gvisor.py asks these of gVisor, whose own kernel gives other answers
of_bubblewrap = pytest.mark.parametrize("sandbox", ["bubblewrap"], indirect=True)
of_our_kernel = pytest.mark.parametrize("sandbox", ["bubblewrap", "container"], indirect=True)


def python(code: str) -> str:
    return f"{PYTHON} -c '{code}'"


def left_groups() -> list[Path]:
    parents = cgroups.prepare_parents()
    mine = f"{cgroups.PREFIX}{os.getpid()}-*"
    return [*parents.memory.glob(mine), *parents.pids.glob(mine)] if parents else []


def skip_untold_memory(sandbox: Sandbox) -> None:
    """Podman 4.3 on cgroups v1 does not say why the kernel killed; tests/sandbox/test_container.py sees the kill."""
    engine = find_engine() if sandbox.tier == "container" else None
    if engine is not None and engine.is_podman:
        pytest.skip("Podman does not tell here that memory ran out.")


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@of_our_kernel
async def test_fork_bomb_stops_at_the_process_limit_and_leaves_nothing(shell: Shell) -> None:
    word = secrets.token_hex(8)
    code = """
import os, time
while True:
    try:
        if os.fork() == 0: continue
    except OSError:
        print("refused", flush=True); time.sleep(30)
"""
    result = await shell(f"exec {PYTHON} -c '{code}' {word}", seconds=5, processes=40)
    assert result.ended == "timeout"
    assert "refused" in result.output
    assert running(word) == []


async def test_a_memory_hog_is_stopped_and_named(shell: Shell, sandbox: Sandbox) -> None:
    skip_untold_memory(sandbox)
    result = await shell(python("b = bytearray(900_000_000); print(len(b))"), memory_mb=150)
    assert result.ended == "memory"
    assert result.exit_code is None


async def test_children_that_are_each_small_but_together_too_big_are_stopped(shell: Shell, sandbox: Sandbox) -> None:
    skip_untold_memory(sandbox)
    hog = python("import time; b = bytearray(90_000_000); time.sleep(1)")
    result = await shell(f"{hog} & {hog} & {hog} & {hog} & wait", memory_mb=200)
    assert result.ended == "memory"


@of_our_kernel
async def test_a_full_tmp_and_shared_memory_stop_at_their_size(shell: Shell) -> None:
    fill = "dd if=/dev/zero of={}/fill bs=1M count=300 2>&1 | tail -1; stat -c %s {}/fill"
    result = await shell(fill.format("/tmp", "/tmp") + "; " + fill.format("/dev/shm", "/dev/shm"), tmp_mb=20)
    sizes = [int(line) for line in result.output.splitlines() if line.isdigit()]
    assert sizes == [20 * 1024 * 1024, 64 * 1024 * 1024]


async def test_one_huge_file_in_the_workspace_is_refused(shell: Shell, workspace: Path) -> None:
    result = await shell("dd if=/dev/zero of=huge bs=1M count=64", file_mb=8)
    assert not result.ok
    assert (workspace / "huge").stat().st_size == 8 * 1024 * 1024


async def test_no_network_neither_outside_nor_the_hosts_loopback(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service:
        port = service.getsockname()[1]
        code = f"""
import socket
for address in (("127.0.0.1", {port}), ("203.0.113.1", 80), ("10.0.0.1", 53)):
    try:
        socket.create_connection(address, 2); print("REACHED", address)
    except OSError as error: print("refused")
"""
        result = await shell(f"{PYTHON} -c '{code}'; cat /proc/net/dev")
    assert result.output.count("refused") == 3
    assert "REACHED" not in result.output
    interfaces = {line.split(":")[0].strip() for line in result.output.splitlines() if ":" in line}
    assert interfaces == {"lo"}


@of_our_kernel
async def test_abstract_sockets_and_vsock_are_out_of_reach(shell: Shell) -> None:
    name = "forgehand-" + secrets.token_hex(4)
    with socket.socket(socket.AF_UNIX) as service:
        service.bind("\0" + name)
        service.listen()
        code = f"""
import socket
try: socket.socket(socket.AF_UNIX).connect(chr(0) + "{name}"); print("REACHED")
except OSError as error: print(type(error).__name__)
for family in (40, 38, 17):
    try: socket.socket(family, socket.SOCK_STREAM); print("OPENED", family)
    except OSError as error: print(error.errno)
"""
        result = await shell(f"{PYTHON} -c '{code}'")
    assert result.output.split() == ["ConnectionRefusedError", "97", "97", "97"]


async def test_the_hosts_loopback_stays_unreachable_while_installing(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service:
        port = service.getsockname()[1]
        lines = (
            f"curl -sS --noproxy '*' http://127.0.0.1:{port}/",
            f"curl -sS --noproxy '' https://127.0.0.1:{port}/",
            f"curl -sS --noproxy '' http://localhost:{port}/",
        )
        async with RegistryProxy(frozenset({("pypi.org", 443)})) as proxy:
            result = await shell("; ".join(lines), network=proxy)
        service.settimeout(0.2)
        with pytest.raises(TimeoutError):
            service.accept()
    assert "Couldn't connect" in result.output
    assert "only tunnels HTTPS" in result.output
    assert list(proxy.refused) == [f"127.0.0.1:{port}"]


async def test_secrets_of_our_environment_are_nowhere_inside(shell: Shell) -> None:
    secret = "ghs_" + secrets.token_hex(16)
    os.environ["ANTHROPIC_API_KEY"] = secret
    try:
        result = await shell(
            "env; cat /proc/1/environ /proc/*/environ | tr '\\0' '\\n'; cat /proc/*/cmdline", env={"A": "b"}
        )
    finally:
        del os.environ["ANTHROPIC_API_KEY"]
    assert secret not in result.output
    names = {line.split("=")[0] for line in result.output.splitlines() if "=" in line and " " not in line}
    assert names <= {
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "USER",
        "PWD",
        "A",
        "OLDPWD",
        "SHLVL",
        "_",
        "HOSTNAME",
        "container",
        "TERM",
    }


@of_bubblewrap
async def test_the_hosts_files_and_processes_are_not_there(shell: Shell, workspace: Path, tmp_path: Path) -> None:
    secret = tmp_path / "host-secret"
    secret.write_text("top secret")
    (workspace / "link").symlink_to(secret)
    (workspace / "root").symlink_to("/root")
    (workspace / "up").symlink_to("../..")
    for look in (f"cat link {secret} /etc/shadow /etc/ssl/private/*", f"ls root/ /root /home /var /sys {tmp_path}"):
        result = await shell(look)
        assert result.exit_code != 0
        assert all("No such file" in line for line in result.output.splitlines()), result.output
    inside = (await shell("ls up/")).output.split()
    assert set(inside) <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr", "work"}
    processes = (await shell("ls -d /proc/[0-9]*")).output.split()
    assert len(processes) < 6


@of_bubblewrap
async def test_nothing_is_writable_but_the_workspace_and_temporary_places(shell: Shell) -> None:
    places = "/x /usr/x /usr/bin/x /etc/x /etc/passwd /dev/x /proc/sys/kernel/core_pattern /proc/self/oom_score_adj"
    line = f"for p in {places}; do (cat /proc/version >> $p) 2>/dev/null && echo WROTE $p; done; "
    result = await shell(line + "touch /work/a /tmp/b /dev/shm/c $HOME/d && echo fine")
    assert result.output == "fine\n"


async def test_a_device_node_or_a_mount_cannot_be_made(shell: Shell) -> None:
    lines = ("mknod sda b 8 0", "mount -t tmpfs none /tmp", "mount -o remount,rw /usr", "/usr/sbin/chroot /usr true")
    for line in lines:
        result = await shell(line)
        assert result.exit_code not in (0, 127), line


@of_our_kernel
@pytest.mark.parametrize(
    "call",
    [
        "libc.unshare(0x10000000)",
        "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)",
        "libc.syscall(435, 0, 0)",
        "libc.syscall(425, 1, 0)",
        "libc.syscall(321, 0, 0, 0)",
        "libc.syscall(250, 0, 0, 0)",
        "libc.syscall(0x40000000 | 39)",
    ],
    ids=["unshare-user", "clone-newuser", "clone3", "io_uring", "bpf", "keyctl", "x32"],
)
async def test_the_kernel_surface_is_closed(shell: Shell, call: str) -> None:
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print({call}, ctypes.get_errno())
"""
    result = await shell(f"{PYTHON} -c '{code}'")
    assert result.output in (f"-1 {errno.EPERM}\n", f"-1 {errno.ENOSYS}\n")


@of_our_kernel
async def test_the_filter_is_on_and_capabilities_are_gone(shell: Shell) -> None:
    result = await shell("cat /proc/self/status")
    fields = dict(line.split(":", 1) for line in result.output.splitlines() if ":" in line)
    assert fields["Seccomp"].strip() == "2"
    assert fields["NoNewPrivs"].strip() == "1"
    assert {int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {0}


async def test_killing_everything_kills_only_itself(shell: Shell) -> None:
    alive = await asyncio.create_subprocess_exec("sleep", "30")
    result = await shell("kill -9 -1; kill -9 1; echo survived")
    assert alive.returncode is None
    alive.kill()
    await alive.wait()
    assert result.ended == "exit"


async def test_a_timeout_takes_every_process_with_it(shell: Shell) -> None:
    word = f"86{secrets.randbelow(10**7)}"
    sleep = f"sleep {word}"
    line = f"trap '' TERM HUP INT; setsid {sleep} & nohup {sleep} & (setsid sh -c '{sleep} & {sleep}' &) ; {sleep}"
    result = await shell(line, seconds=1)
    assert result.ended == "timeout"
    assert result.exit_code is None
    assert running(word) == []
    assert left_groups() == []


@of_our_kernel
async def test_a_cancelled_caller_leaves_no_process(shell: Shell) -> None:
    word = f"87{secrets.randbelow(10**7)}"
    task = asyncio.ensure_future(shell(f"setsid sleep {word} & sleep {word}", seconds=60))
    await until(lambda: len(running(f"sleep {word}")) >= 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(word) == []
    assert left_groups() == []


async def test_cancelling_at_any_moment_of_the_start_leaves_no_process(shell: Shell) -> None:
    word = f"88{secrets.randbelow(10**7)}"
    for wait in (0, 0.001, 0.003, 0.006, 0.01, 0.02):
        task = asyncio.ensure_future(shell(f"sleep {word}", seconds=60))
        await asyncio.sleep(wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await until(lambda: not running(word))
    assert left_groups() == []


async def test_a_background_child_holding_the_pipe_does_not_block(shell: Shell) -> None:
    result = await shell("sleep 100000 & setsid sleep 100000 & echo done; exit 3")
    assert (result.ended, result.exit_code, result.output) == ("exit", 3, "done\n")


async def test_endless_output_is_kept_as_head_and_tail(shell: Shell) -> None:
    result = await shell("echo first; yes 0123456789 | head -c 40000000; echo last", output_kb=16)
    assert result.truncated
    assert result.output.startswith("first\n")
    assert result.output.endswith("last\n")
    assert "bytes left out" in result.output
    assert len(result.output) < 17 * 1024


async def test_writing_to_our_results_and_mounts_needs_permission(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "out").mkdir()
    mounts = [
        Mount(source=tmp_path / "deps", target="/env"),
        Mount(source=tmp_path / "out", target="/o", writable=True),
    ]
    result = await shell("touch /env/planted; touch /o/fine", mounts=mounts)
    assert "Read-only" in result.output
    assert (tmp_path / "out" / "fine").exists()
    assert not (tmp_path / "deps" / "planted").exists()


@pytest.mark.parametrize("target", [f"{WORK}/../etc", "/../etc", "relative", "/", "/a//b", WORK])
async def test_a_mount_over_the_workspace_or_the_root_is_refused(shell: Shell, tmp_path: Path, target: str) -> None:
    with pytest.raises(SandboxError, match="Cannot mount"):
        await shell("true", mounts=[Mount(source=tmp_path, target=target)])


@pytest.mark.needs("sandbox")
async def test_the_bots_death_ends_the_sandbox(workspace: Path) -> None:
    word = f"89{secrets.randbelow(10**7)}"
    started = workspace / "started"
    code = f"""
import asyncio, pathlib
from bot.sandbox.bubblewrap import Bubblewrap
line = "setsid sleep {word} & touch started; sleep {word}"
asyncio.run(Bubblewrap().run(["/bin/sh", "-c", line], pathlib.Path({str(workspace)!r})))
"""
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=Path(__file__).parents[2])
    await until(started.exists)
    bot.kill()
    await bot.wait()
    await until(lambda: not running(f"sleep {word}"))


async def test_many_runs_leave_no_descriptor_and_no_group(shell: Shell) -> None:
    await shell("true")
    before = open_descriptors()
    results = await asyncio.gather(*(shell(f"exit {number}") for number in range(8)))
    assert [result.exit_code for result in results] == list(range(8))
    assert open_descriptors() == before
    assert left_groups() == []


async def test_a_missing_program_is_an_ordinary_failure(workspace: Path) -> None:
    result = await bubblewrap().run(["/no/such/program"], workspace, limits=Limits(seconds=5))
    assert result.exit_code == 127
