"""Without a writable cgroup, the watchdog and ulimit still stop a run."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.port import Limits
from tests.sandbox.conftest import PYTHON
from tests.support.processes import running

pytestmark = pytest.mark.needs("sandbox")
SANDBOX = Bubblewrap(use_cgroups=False)


async def test_the_sum_of_all_processes_counts(workspace: Path) -> None:
    word = secrets.token_hex(6)
    hog = f"{PYTHON} -c 'import time; b = bytearray(90_000_000); time.sleep(20)' {word}"
    result = await SANDBOX.run(
        ["/bin/sh", "-c", f"{hog} & {hog} & {hog} & wait"], workspace, limits=Limits(memory_mb=200, seconds=15)
    )
    assert result.ended == "memory"
    assert "[stopped: more than 200 MiB]" in result.output
    assert result.peak_mb is not None
    assert result.peak_mb > 200
    assert running(word) == []


async def test_a_fork_bomb_is_stopped(workspace: Path) -> None:
    word = secrets.token_hex(6)
    bomb = f"import os,time\nfor _ in range(400):\n    if os.fork() == 0: time.sleep(20)\ntime.sleep(20) # {word}"
    result = await SANDBOX.run([PYTHON, "-c", bomb], workspace, limits=Limits(processes=60, seconds=10))
    assert result.ended != "timeout"
    assert running(word) == []


async def test_it_says_how_limits_are_kept(workspace: Path) -> None:
    assert "degraded" in SANDBOX.limits_by()
    assert await SANDBOX.probe() is None
