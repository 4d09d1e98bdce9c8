"""Measure the smallest true speed-up that ``/optimize`` shows on a busy machine, and its false claims.

The true effect is known: base and change run the same loop, the base so many per cent longer. Null changes run the same
code. One process for each processor keeps the machine busy meanwhile. ``python -m bench.capability_optimize``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.benchmarking.benchmark_file import find_target, read_target_name
from bot.benchmarking.comparison import compare
from bot.benchmarking.records import Benchmark, Comparison
from bot.benchmarking.sampling import Measure
from bot.benchmarking.vetting import calibrate
from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import Measurement, Program, Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain

_NULLS = 20
# an effect counts as shown where each of so many tries shows it
_TRIES = 3
_PERCENT = (1, 2, 3, 5, 8)
_ROUNDS = 10_000
_BENCH = "bench_spin.py"
_BENCHMARK = """from spin import spin

TARGET = "spin.py::spin"


def make_input(source):
    return source.randrange(10**9)


def run(value):
    return spin(value)
"""


async def measure() -> dict[str, float | int]:
    """Return ``optimize_smallest`` in per cent, and ``optimize_false`` of 20 null changes."""
    with tempfile.TemporaryDirectory(prefix="forgehand-bench-") as folder:
        async with _busy():
            trees = await _Trees.make(Path(folder))
            null = [await trees.compare(0) for _ in range(_NULLS)]
            shown = [percent for percent in _PERCENT if await _is_shown(trees, percent)]
    false = [one for one in null if one.verdict != "no difference shown"]
    return {"optimize_smallest": min(shown, default=100), "optimize_null": _NULLS, "optimize_false": len(false)}


async def _is_shown(trees: _Trees, percent: int) -> bool:
    found = [await trees.compare(percent) for _ in range(_TRIES)]
    for one in found:
        print(f"{percent} %: {one.work.median:.3f} ({one.work.low:.3f} to {one.work.high:.3f}): {one.verdict}")
    return all(one.verdict == "faster" for one in found)


class _Trees:
    """Trees of one installed sample; the change is the one without extra rounds."""

    def __init__(self, folder: Path, toolchain: RepositoryToolchain) -> None:
        self._folder = folder
        self._toolchain = toolchain
        target = find_target(*read_target_name(_BENCHMARK), _write_spin(0))
        self._benchmark = Benchmark(path=_BENCH, target=target)

    @classmethod
    async def make(cls, folder: Path) -> _Trees:
        tree = _lay(folder / "tree", 0)
        toolchain = make_toolchain(Bubblewrap(), Checks(), tree, Settings())
        await toolchain.install(Workspace(tree=tree, env=folder / "env"))
        trees = cls(folder, toolchain)
        trees._benchmark = await calibrate(trees._side("change", 0), trees._benchmark)
        return trees

    async def compare(self, percent: int) -> Comparison:
        """Compare a base that does so many per cent more with the change."""
        return await compare(self._side(f"base-{percent}", percent), self._side("change", 0), self._benchmark)

    def _side(self, name: str, percent: int) -> Measure:
        workspace = Workspace(tree=_lay(self._folder / name, percent), env=self._folder / "env")

        async def run(program: Program, limits: Limits) -> Measurement:
            return await self._toolchain.measure(workspace, program, limits=limits)

        return run


def _lay(tree: Path, percent: int) -> Path:
    (tree / "tests").mkdir(parents=True, exist_ok=True)
    (tree / "tests" / "test_spin.py").write_text("import unittest\n")
    (tree / "spin.py").write_text(_write_spin(percent))
    (tree / _BENCH).write_text(_BENCHMARK)
    return tree


def _write_spin(percent: int) -> str:
    rounds = _ROUNDS * (100 + percent) // 100
    return f"def spin(value):\n    for _ in range({rounds}):\n        _ = value * value % 7\n    return value\n"


@asynccontextmanager
async def _busy() -> AsyncIterator[None]:
    """Keep every processor busy with a process that does nothing else."""
    argv = [sys.executable, "-c", "while True: pass"]
    burning = [await asyncio.create_subprocess_exec(*argv) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
