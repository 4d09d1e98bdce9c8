"""Run only as many commands at once as fit into memory together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.sandbox.port import CommandResult, Limits, Mount, Network, Sandbox


class Admission:
    """Sandbox whose commands wait until they fit into ``memory_mb``.

    They are served in turn, and each counts as much as its limits allow. One that may take more runs alone.
    """

    def __init__(self, sandbox: Sandbox, memory_mb: int) -> None:
        self._sandbox = sandbox
        self._memory_mb = memory_mb
        self._free_mb = memory_mb
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    @property
    def tier(self) -> str:
        return self._sandbox.tier

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
        async with self._admit(min(limits.memory_mb, self._memory_mb)):
            return await self._sandbox.run(
                argv, workspace, mounts=mounts, limits=limits, network=network, env=env, report=report
            )

    async def probe(self) -> str | None:
        return await self._sandbox.probe()

    @asynccontextmanager
    async def _admit(self, size_mb: int) -> AsyncIterator[None]:
        async with self._turn:  # held while it waits: otherwise small ones would overtake a large one for ever
            while self._free_mb < size_mb:
                self._freed.clear()
                await self._freed.wait()
            self._free_mb -= size_mb
        try:
            yield
        finally:
            self._free_mb += size_mb
            self._freed.set()
