"""Run one process of a benchmark on one tree, and read what its timer signed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.benchmarking.records import Benchmark, BenchmarkError, Profile, Sample
from bot.sandbox.port import Limits
from bot.toolchains.port import Measurement, Program
from bot.toolchains.python.commands import MEASURE
from bot.types import JsonModel

# processor seconds of one process; the wall clock is only there for one that waits forever
_CPU_SECONDS = 60
_LIMITS = Limits(seconds=600)
_INSIDE = Path(__file__).parent / "inside"

ResultT = TypeVar("ResultT", bound=JsonModel)
# runs a program on one tree
Measure = Callable[[Program, Limits], Awaitable[Measurement]]


class Seeds(JsonModel):
    """Seeds of the inputs and of the hashes."""

    inputs: int
    hashes: int


def draw_seeds() -> Seeds:
    """Draw seeds that nobody can know before."""
    return Seeds(inputs=secrets.randbits(32), hashes=secrets.randbits(32))


async def take_sample(side: Measure, benchmark: Benchmark, seeds: Seeds) -> Sample:
    """Time one process; raises :class:`BenchmarkError` where none is timed."""
    return await _run(side, Sample, _plan(benchmark, seeds))


async def take_profile(side: Measure, benchmark: Benchmark) -> Profile:
    """Profile the target in one process; raises as :func:`take_sample`."""
    target = benchmark.target
    place = {"target": target.path, "first": target.first, "last": target.last}
    return await _run(side, Profile, _plan(benchmark, draw_seeds()) | place)


def _plan(benchmark: Benchmark, seeds: Seeds) -> dict[str, Any]:
    return {
        "benchmark": benchmark.path,
        "count": benchmark.count,
        "seed": seeds.inputs,
        "hash_seed": seeds.hashes,
        "seconds": _CPU_SECONDS,
        "target": "",
        "first": 0,
        "last": 0,
    }


async def _run(side: Measure, result: type[ResultT], plan: dict[str, Any]) -> ResultT:
    # without site-packages and PYTHONPATH: the timer holds nothing of the repository
    argv = ("-I", "-S", f"{MEASURE}/forgehand_timer.py")
    program = Program(folder=_INSIDE, module="forgehand_timer", argv=argv, plan=json.dumps(plan))
    measured = await side(program, _LIMITS)
    record = measured.records[0] if measured.records else {}
    if record.get("event") != "sample":
        why = record.get("reason") or f"it ended by {measured.result.ended}, exit code {measured.result.exit_code}"
        output = measured.result.output[-1500:].strip()
        raise BenchmarkError(f"The benchmark did not run to its end: {why}.\n{output}".strip())
    try:
        return result.model_validate(record)
    except ValidationError:
        raise BenchmarkError("The benchmark gave no usable sample: see that it returns in the end.") from None
