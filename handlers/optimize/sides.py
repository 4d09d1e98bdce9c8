"""Lay out two trees that stay for many runs, and measure on each."""

from __future__ import annotations

from bot.benchmarking.sampling import Measure
from bot.git.changes import Changes
from bot.sandbox.port import Limits
from bot.toolchains.port import Measurement, Program
from bot.work.workshop import Workshop


async def lay_side(workshop: Workshop, name: str, changes: Changes) -> Measure:
    """Return what runs programs on a tree of its own."""
    workspace = await workshop.lay_beside(name, changes)

    async def measure(program: Program, limits: Limits) -> Measurement:
        return await workshop.toolchain().measure(workspace, program, limits=limits)

    return measure
