"""Compare two trees by interleaved pairs of processes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bot.benchmarking.intervals import estimate_ratio
from bot.benchmarking.records import Benchmark, Comparison, Sample
from bot.benchmarking.sampling import Measure, draw_seeds, take_sample

PAIRS = 30


async def compare(base: Measure, change: Measure, benchmark: Benchmark, pairs: int = PAIRS) -> Comparison:
    """Compare two trees; which comes first alternates from pair to pair.

    Each pair has new seeds, so that no input was seen before. Raises :class:`BenchmarkError` where a side gives no
    sample.
    """
    for side in (base, change):
        await take_sample(side, benchmark, draw_seeds())  # compiles what is imported
    taken = []
    for number in range(pairs):
        seeds = draw_seeds()
        first, second = (base, change) if number % 2 == 0 else (change, base)
        samples = {side: await take_sample(side, benchmark, seeds) for side in (first, second)}
        taken.append((samples[base], samples[change]))
    return summarise(taken)


def summarise(taken: Sequence[tuple[Sample, Sample]]) -> Comparison:
    """Compare samples of base and change, pair by pair."""
    differing = [difference for base, change in taken for difference in _differences(base, change)]
    return Comparison(
        pairs=len(taken),
        inputs=sum(len(base.results) for base, _ in taken),
        work=estimate_ratio([(base.work, change.work) for base, change in taken]),
        preparation=estimate_ratio([(base.preparation, change.preparation) for base, change in taken]),
        memory=estimate_ratio([(base.memory_mb, change.memory_mb) for base, change in taken]),
        base_seconds=statistics.median(base.work for base, _ in taken),
        change_seconds=statistics.median(change.work for _, change in taken),
        unequal=len(differing),
        difference=differing[0] if differing else "",
    )


def _differences(base: Sample, change: Sample) -> list[str]:
    """Describe inputs whose results differ, or that differ themselves."""
    if base.inputs != change.inputs or len(base.results) != len(change.results):
        return ["the change draws other inputs from the same seed"]
    pairs = zip(base.results, change.results, strict=True)
    return [f"{_describe(one)} before, {_describe(other)} now" for one, other in pairs if one != other]


def _describe(result: str) -> str:
    return f"`{result}`" if ": " in result else f"a value with the digest `{result[:8]}`"
