"""Measure a change by its benchmark: in short after each edit, in full as gates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.benchmarking.comparison import compare
from bot.benchmarking.records import BenchmarkError, Comparison
from bot.change.editor import show_tests
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Brief, ChangeTask, CodeLocation, Gate
from bot.change.stages import Stage
from bot.change.suppressions import suppressions_gate
from bot.git.changes import Changes
from bot.work.toolset import Check
from handlers.optimize import gates
from handlers.optimize.records import Vetted, get_vetted
from handlers.optimize.rules import OptimizeRules
from handlers.optimize.sides import lay_side

# a first impression for the model; what counts is measured by the gates
_FEW = 5
_ASKS_FOR_CACHE = re.compile(r"\b(?:add|allow|use|with)(?:ing)?\s+(?:an?\s+)?(?:cach|memoi[sz])", re.IGNORECASE)


def wants_cache(brief: Brief) -> bool:
    """Return whether the request asks for a cache in so many words."""
    return any(_ASKS_FOR_CACHE.search(text) for text in (brief.title, brief.body, brief.asked))


def show_gain(job: Job[ChangeTask], evidence: AnyEvidence, found: CodeLocation) -> Check:
    """Run the tests nearby after an edit, and a few pairs of the benchmark."""
    tests = show_tests(job, evidence, found)
    vetted = get_vetted(evidence)

    async def check(changes: Changes) -> str:
        shown = await tests(changes)
        try:
            seen = await _compare(job, vetted, evidence.brief.base_sha, changes, _FEW)
        except BenchmarkError as error:
            return f"{shown}\n\nBenchmark: {error.message}"
        unequal = f"; {seen.unequal} of {seen.inputs} results differ: {seen.difference}" if seen.unequal else ""
        impression = f"{gates.describe_ratio(seen.work)} by {seen.pairs} pairs, a first impression{unequal}"
        await job.stage(Stage.EDIT, "started", impression)
        return f"{shown}\n\nBenchmark: {impression}"

    return check


async def gate_gain(job: Job[ChangeTask], evidence: AnyEvidence, base_sha: str, changes: Changes) -> Sequence[Gate]:
    """Read the change for shortcuts, then measure it on fresh inputs."""
    vetted = get_vetted(evidence)
    texts = await _texts(job, base_sha, changes)
    diff = await (await job.mirror(base_sha)).diff(base_sha, changes)
    read = [
        suppressions_gate(diff, job.workshop(base_sha).toolchain().is_test),
        gates.cache_gate(texts, wanted=wants_cache(evidence.brief)),
        gates.surroundings_gate(texts),
    ]
    if not all(gate.passed for gate in read):
        return read
    target = vetted.benchmark.target
    try:
        found = await _compare(job, vetted, base_sha, changes, job.policy.rules(OptimizeRules).pairs)
    except BenchmarkError as error:
        failed = Gate(name=gates.TIME, passed=False, after="no figure", detail=error.message)
        return [*read, failed]
    return [gates.gain_gate(target, found), gates.results_gate(found), *gates.cost_gates(found), *read]


async def _compare(job: Job[ChangeTask], vetted: Vetted, base_sha: str, changes: Changes, pairs: int) -> Comparison:
    workshop = job.workshop(base_sha)
    base = await lay_side(workshop, "base", vetted.over(Changes()))
    change = await lay_side(workshop, "change", vetted.over(changes))
    return await compare(base, change, vetted.benchmark, pairs)


async def _texts(job: Job[ChangeTask], base_sha: str, changes: Changes) -> gates.Texts:
    """Return the product's changed modules before and after."""
    mirror = await job.mirror(base_sha)
    toolchain = job.workshop(base_sha).toolchain()
    modules = {path: text for path, text in changes.files.items() if path.endswith(".py") and text is not None}
    return {
        path: (await mirror.read(base_sha, path) or "", text)
        for path, text in modules.items()
        if not toolchain.is_test(path)
    }
