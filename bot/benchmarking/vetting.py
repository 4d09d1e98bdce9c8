"""Decide, on the unchanged tree, whether a benchmark can be used at all."""

from __future__ import annotations

from bot.benchmarking.comparison import compare
from bot.benchmarking.records import Benchmark, BenchmarkError, Comparison, Seen
from bot.benchmarking.sampling import Measure, draw_seeds, take_profile, take_sample

# processor seconds of one process's work: less than the first drowns in its start and end
_ENOUGH = 0.05
_WANTED = 0.1
_MOST_INPUTS = 2048
# of its time a benchmark spends at least so much in the target: what it does itself could differ by tree
_LEAST_SHARE = 0.5
_MOST_REPEATED = 0.1
_NULL_PAIRS = (10, 30)
# an interval wider than this hides a gain that people would notice
_WIDEST = 0.15


async def calibrate(base: Measure, benchmark: Benchmark) -> Benchmark:
    """Return the benchmark with enough inputs to measure.

    Raises :class:`BenchmarkError` where even the most are too little work, and where an input fails on the base.
    """
    count = 1
    while True:
        tried = benchmark.model_copy(update={"count": count})
        sample = await take_sample(base, tried, draw_seeds())
        failing = [result for result in sample.results if ": " in result]
        if failing:
            raise BenchmarkError(f"An input fails on the unchanged code: {failing[0]}. Draw inputs that it takes.")
        if sample.distinct < len(sample.results):
            raise BenchmarkError(
                "The same input is drawn again: a cache would look like a gain. Draw from more of them."
            )
        if sample.work >= _WANTED or count == _MOST_INPUTS:
            break
        count = min(2 * count, _MOST_INPUTS)
    if sample.work < _ENOUGH:
        raise BenchmarkError(
            f"{count} inputs take {sample.work:.3f} s of processor time; {_ENOUGH} s are needed to tell a gain from "
            "noise. Draw larger inputs."
        )
    return tried


async def check_profile(base: Measure, benchmark: Benchmark) -> Seen:
    """Require that the benchmark measures its target, each time anew."""
    seen = (await take_profile(base, benchmark)).profile
    if seen.calls < benchmark.count:
        raise BenchmarkError(
            f"{benchmark.target} was called {seen.calls} times for {benchmark.count} inputs: "
            "`run` must ask it for each."
        )
    if seen.share < _LEAST_SHARE:
        raise BenchmarkError(
            f"Only {seen.share:.0%} of the work is done in {benchmark.target}; at least {_LEAST_SHARE:.0%} must be. "
            "Do what the target does not need in `make_input`, or name the function that does the work."
        )
    if seen.repeated > _MOST_REPEATED * seen.calls:
        raise BenchmarkError(
            f"{seen.repeated} of {seen.calls} calls of {benchmark.target} repeat arguments of an earlier call: a cache "
            "would look like a gain. Ask it once for each input."
        )
    return seen


async def check_null(base: Measure, same: Measure, benchmark: Benchmark) -> Comparison:
    """Require that two copies of the base show no difference.

    Where few pairs show one, or do not tell, more are asked: a busy machine is not the benchmark's fault.
    """
    for pairs in _NULL_PAIRS:
        null = await compare(base, same, benchmark, pairs)
        if null.unequal:
            raise BenchmarkError(
                f"The unchanged code gives different results for the same input: {null.difference}. Return what is the "
                "same each time."
            )
        if null.verdict == "no difference shown" and null.work.high / null.work.low <= 1 + _WIDEST:
            return null
    raise BenchmarkError(
        f"Two copies of the unchanged code differ by {null.work.low:.2f} to {null.work.high:.2f}: no gain could be "
        "told from that noise. Draw inputs that take more alike."
    )
