"""The rest of the attack table in a container of Podman or Docker, and what is left of one."""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

import pytest

from bot.sandbox.container import Container
from bot.sandbox.engine import LABEL, find_engine
from bot.sandbox.owners import name_owner
from bot.sandbox.port import SandboxError
from bot.sandbox.tiers import choose_sandbox
from bot.settings import Settings
from tests.sandbox.conftest import PYTHON, Shell
from tests.support.processes import running, until

in_container = pytest.mark.parametrize("sandbox", ["container"], indirect=True)


def containers(owner: str) -> str:
    """The containers of a process, whatever their state."""
    engine = find_engine()
    assert engine is not None
    return engine.ask("ps", "--all", "--quiet", "--filter", f"label={LABEL}={owner}")


@in_container
async def test_the_hosts_files_and_processes_are_not_there(shell: Shell, workspace: Path, tmp_path: Path) -> None:
    secret = tmp_path / "host-secret"
    secret.write_text("top secret")
    (workspace / "link").symlink_to(secret)
    result = await shell(
        f"cat link {secret} /etc/shadow /etc/ssl/private/* /var/run/docker.sock /run/podman/podman.sock"
    )
    assert result.exit_code != 0
    assert all("No such file" in line for line in result.output.splitlines()), result.output
    # Podman tells programs that they are in one, and shows the container's own group
    shown = "find /sys /home /run /var -type f -not -name .containerenv -not -path '/sys/fs/cgroup/*' 2>/dev/null"
    assert (await shell(shown)).output == ""
    count, *top = (await shell("ls -d /proc/[0-9]* | wc -l; ls /")).output.split()
    assert int(count) < 8
    known = "bin dev etc forgehand home lib lib32 lib64 libx32 proc root run sbin sys tmp usr var work"
    assert set(top) <= set(known.split())


@in_container
async def test_nothing_of_the_host_is_writable_but_the_workspace(shell: Shell) -> None:
    places = "/x /usr/x /usr/bin/x /etc/x /etc/passwd /forgehand/guard.py /sys/x /proc/sys/kernel/core_pattern"
    line = f"for p in {places}; do (cat /proc/version >> $p) 2>/dev/null && echo WROTE $p; done; "
    result = await shell(line + "touch /work/a /tmp/b /dev/shm/c $HOME/d && echo fine")
    assert result.output == "fine\n"


@in_container
async def test_too_much_memory_ends_in_a_kill_also_where_podman_does_not_tell_it(shell: Shell) -> None:
    result = await shell(f"{PYTHON} -c 'b = bytearray(900_000_000)'; echo $?", memory_mb=150)
    assert "137" in result.output


@in_container
async def test_after_a_run_no_container_is_left(shell: Shell) -> None:
    assert (await shell("exit 7")).exit_code == 7
    task = asyncio.ensure_future(shell("sleep 1000"))
    await until(lambda: containers(name_owner()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert containers(name_owner()) == ""


@in_container
async def test_the_bots_death_ends_the_container_and_the_next_start_removes_it(
    sandbox: Container, workspace: Path
) -> None:
    word = f"83{secrets.randbelow(10**7)}"
    code = f"""
import asyncio, pathlib
from bot.sandbox.container import Container
line = "setsid sleep {word} & touch started; sleep {word}"
asyncio.run(Container().run(["/bin/sh", "-c", line], pathlib.Path({str(workspace)!r})))
"""
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=Path(__file__).parents[2])
    owner = name_owner(bot.pid)
    await until((workspace / "started").exists)
    bot.kill()
    await bot.wait()
    await until(lambda: not running(f"sleep {word}"))
    assert await sandbox.probe() is None
    assert containers(owner) == ""
    assert not list(Path(tempfile.gettempdir()).glob(f"forgehand-container-{owner.replace('/', '@')}*"))


async def test_without_an_engine_the_error_says_what_brings_one(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    sandbox = await choose_sandbox(Settings(sandbox="container"))
    assert sandbox.tier == "container"
    assert "apt-get install podman" in (await sandbox.probe() or "")
    with pytest.raises(SandboxError, match="apt-get install podman"):
        await sandbox.run(["true"], workspace)
