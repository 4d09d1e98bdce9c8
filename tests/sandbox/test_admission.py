"""How many commands run at once: no more than fit into memory together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.admission import Admission
from bot.sandbox.port import CommandResult, Limits
from bot.sandbox.process import Process
from tests.support.patience import PATIENCE

_MEET = 'touch "$0"; until [ -e "$1" ]; do sleep 0.05; done'
_ALONE = "mkdir running && sleep 0.1 && rmdir running"


class Machine:
    """A machine of so much memory, and the folder that its commands share."""

    def __init__(self, memory_mb: int, workspace: Path) -> None:
        self.sandbox = Admission(Process(trust_code=True), memory_mb)
        self.workspace = workspace

    async def run(self, line: str, *words: str, memory_mb: int = 2048) -> CommandResult:
        limits = Limits(seconds=PATIENCE, memory_mb=memory_mb)
        return await self.sandbox.run(["/bin/sh", "-c", line, *words], self.workspace, limits=limits)


async def test_what_fits_together_runs_together(workspace: Path) -> None:
    machine = Machine(4096, workspace)
    both = await asyncio.gather(machine.run(_MEET, "one", "two"), machine.run(_MEET, "two", "one"))
    assert [each.exit_code for each in both] == [0, 0]


async def test_what_does_not_fit_waits(workspace: Path) -> None:
    machine = Machine(4095, workspace)
    assert [each.exit_code for each in await asyncio.gather(*(machine.run(_ALONE) for _ in range(4)))] == [0] * 4


async def test_a_command_larger_than_the_machine_runs_alone(workspace: Path) -> None:
    machine = Machine(1024, workspace)
    ran = await asyncio.gather(machine.run(_ALONE, memory_mb=4096), machine.run(_ALONE, memory_mb=1))
    assert [each.exit_code for each in ran] == [0, 0]


async def test_a_small_command_does_not_pass_a_large_one(workspace: Path) -> None:
    machine = Machine(4096, workspace)
    first = asyncio.create_task(machine.run("until [ -e go ]; do sleep 0.05; done; echo first >> order"))
    await asyncio.sleep(0)
    large = asyncio.create_task(machine.run("sleep 0.1; echo large >> order", memory_mb=4096))
    await asyncio.sleep(0)
    small = asyncio.create_task(machine.run("echo small >> order", memory_mb=1))
    (workspace / "go").touch()
    await asyncio.gather(first, large, small)
    assert (workspace / "order").read_text().split() == ["first", "large", "small"]


async def test_one_that_is_cancelled_leaves_its_place(workspace: Path) -> None:
    machine = Machine(2048, workspace)
    running = asyncio.create_task(machine.run("touch runs; sleep 1000"))
    waiting = asyncio.create_task(machine.run("touch waits"))
    while not (workspace / "runs").exists():
        await asyncio.sleep(0.02)
    for task in (waiting, running):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await machine.run("test ! -e waits")).exit_code == 0
