"""The rest of the attack table on gVisor, whose kernel is its own and whose processes the host does not see."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from bot.sandbox.gvisor import GVisor
from bot.sandbox.port import SandboxError
from bot.sandbox.tiers import choose_sandbox
from bot.settings import Settings
from tests.sandbox.conftest import PYTHON, Shell
from tests.sandbox.test_attacks import left_groups
from tests.support.processes import running, until

pytestmark = [
    pytest.mark.needs("gvisor"),
    pytest.mark.parametrize("sandbox", ["gvisor"], indirect=True),
]


def sandboxes(workspace: Path) -> list[int]:
    """Processes of runsc that show this workspace: its description stands in a bundle of their own."""
    named = (
        path
        for path in Path(tempfile.gettempdir()).glob("forgehand-gvisor-*/config.json")
        if str(workspace) in path.read_text()
    )
    return [pid for path in named for pid in running(str(path.parent))]


async def test_it_is_another_kernel(shell: Shell) -> None:
    result = await shell("cat /proc/version; id -u; grep CapEff /proc/self/status")
    version, user, capabilities = result.output.splitlines()
    assert Path("/proc/version").read_text().strip() != version
    assert (user, capabilities.split()[1].strip("0")) == ("0", "")


async def test_no_socket_of_the_host_is_reached(shell: Shell) -> None:
    name = "forgehand-" + secrets.token_hex(4)
    with socket.socket(socket.AF_UNIX) as service:
        service.bind("\0" + name)
        service.listen()
        code = f"""
import socket
try: socket.socket(socket.AF_UNIX).connect(chr(0) + "{name}"); print("REACHED")
except OSError as error: print(type(error).__name__)
"""
        result = await shell(f"{PYTHON} -c '{code}'")
    assert result.output == "ConnectionRefusedError\n"


async def test_the_hosts_files_and_processes_are_not_there(shell: Shell, workspace: Path, tmp_path: Path) -> None:
    secret = tmp_path / "host-secret"
    secret.write_text("top secret")
    (workspace / "link").symlink_to(secret)
    (workspace / "root").symlink_to("/root")
    (workspace / "up").symlink_to("../..")
    result = await shell(f"cat link {secret} root/.bashrc /etc/shadow /etc/ssl/private/*")
    assert result.exit_code != 0
    assert all("No such file" in line for line in result.output.splitlines()), result.output
    listed = await shell(f'{PYTHON} -c \'import os; print(*os.listdir("up")); print(*os.listdir("/proc"))\'')
    top, processes = listed.output.splitlines()
    assert set(top.split()) <= {
        "bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "tmp", "usr", "work",
    }  # fmt: skip
    assert len([name for name in processes.split() if name.isdigit()]) < 6


async def test_nothing_is_writable_but_the_workspace_and_temporary_places(shell: Shell) -> None:
    places = "/x /usr/x /usr/bin/x /etc/x /etc/passwd /usr/bin/env"
    line = f"for p in {places}; do (echo x >> $p) 2>/dev/null && echo WROTE $p; done; "
    result = await shell(line + "touch /work/a /tmp/b /dev/shm/c $HOME/d && echo fine")
    assert result.output == "fine\n"


async def test_a_full_tmp_stops_at_its_size(shell: Shell) -> None:
    code = 'import os; print(os.stat("/tmp/fill").st_size)'
    result = await shell(f"dd if=/dev/zero of=/tmp/fill bs=1M count=300 2>/dev/null; {PYTHON} -c '{code}'", tmp_mb=20)
    assert result.output == f"{20 * 1024 * 1024}\n"


async def test_a_fork_bomb_is_ended_and_leaves_nothing(shell: Shell, workspace: Path) -> None:
    code = """
import os, time
while True:
    try:
        if os.fork() == 0: continue
    except OSError:
        time.sleep(30)
"""
    result = await shell(f"exec {PYTHON} -c '{code}'", seconds=10, processes=40)
    assert not result.ok
    assert sandboxes(workspace) == []
    assert left_groups() == []


async def test_a_cancelled_caller_leaves_no_process(shell: Shell, workspace: Path) -> None:
    task = asyncio.ensure_future(shell("setsid sleep 1000 & touch started; sleep 1000", seconds=60))
    await until((workspace / "started").exists)
    assert sandboxes(workspace)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sandboxes(workspace) == []
    assert left_groups() == []


async def test_the_bots_death_ends_the_sandbox(sandbox: GVisor, workspace: Path) -> None:
    assert await sandbox.probe() is None
    code = f"""
import asyncio, pathlib
from bot.sandbox.gvisor import GVisor
line = "setsid sleep 1000 & touch started; sleep 1000"
asyncio.run(GVisor().run(["/bin/sh", "-c", line], pathlib.Path({str(workspace)!r})))
"""
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=Path(__file__).parents[2])
    await until((workspace / "started").exists)
    assert sandboxes(workspace)
    bot.kill()
    await bot.wait()
    await until(lambda: not sandboxes(workspace))


async def test_it_is_chosen_by_name(sandbox: GVisor) -> None:
    assert (await choose_sandbox(Settings(sandbox="gvisor"))).tier == sandbox.tier == "gvisor"
    assert sandbox.limits_by()


async def test_without_runsc_the_error_says_what_brings_it(
    sandbox: GVisor, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="apt-get install runsc"):
        await sandbox.run(["true"], workspace)
