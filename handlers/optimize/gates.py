"""Decide whether an optimisation is one: pure functions from what was measured to passed or not."""

from __future__ import annotations

from collections.abc import Mapping

from bot.benchmarking.intervals import Interval
from bot.benchmarking.records import Comparison, Target
from bot.benchmarking.shortcuts import find_caches, find_looks_around
from bot.change.records import Gate

TIME = "processor time"
_WHEN_FASTER = "A gain counts where its whole interval lies above 1.01."
_NO_CACHE = (
    "A gain must not rest on what earlier calls left. For a table that is only read use a tuple, a frozenset or a "
    "MappingProxyType."
)
_NO_LOOKS = "What a call does must not depend on the program that it runs in."
# a module's text before and after
Texts = Mapping[str, tuple[str, str]]


def cache_gate(texts: Texts, *, wanted: bool) -> Gate:
    """Require that nothing is kept between calls, unless that was asked for."""
    found = [f"{path}: {one}" for path, (before, after) in texts.items() for one in find_caches(before, after)]
    return Gate(
        name="no new cache",
        passed=wanted or not found,
        after=f"{len(found)} added{', as asked for' if wanted and found else ''}",
        detail="\n".join([*found, _NO_CACHE]) if found else "",
    )


def surroundings_gate(texts: Texts) -> Gate:
    """Require that the code does not ask who runs it."""
    found = [f"{path}: {one}" for path, (before, after) in texts.items() for one in find_looks_around(before, after)]
    return Gate(
        name="no look at what runs it",
        passed=not found,
        after=f"{len(found)} added",
        detail="\n".join([*found, _NO_LOOKS]) if found else "",
    )


def gain_gate(target: Target, found: Comparison) -> Gate:
    """Require a gain beyond the noise."""
    passed = found.verdict == "faster"
    shown = f"{describe_ratio(found.work)}, {found.pairs} pairs"
    return Gate(
        name=TIME,
        passed=passed,
        before=f"{found.base_seconds:.3f} s",
        after=f"{found.change_seconds:.3f} s; {shown}{'' if passed else f'; {found.verdict}'}",
        detail="" if passed else f"The change runs {shown}: {found.verdict}. {_WHEN_FASTER}",
        parts={"performance": f"The benchmark of {target} runs {shown} of processor time: {found.verdict}."},
    )


def results_gate(found: Comparison) -> Gate:
    """Require the same result for every input that was drawn."""
    return Gate(
        name="results for inputs drawn after the edit",
        passed=not found.unequal,
        after=f"{found.inputs - found.unequal} of {found.inputs} the same",
        detail=f"{found.unequal} of {found.inputs} inputs differ: {found.difference}." if found.unequal else "",
        parts={
            "implementation": f"{found.inputs - found.unequal} of {found.inputs} fresh inputs gave the same result."
        },
    )


def cost_gates(found: Comparison) -> list[Gate]:
    """Require that the gain is not paid for in memory or by imports."""
    memory = Gate(
        name="peak memory",
        passed=not found.memory_grew,
        after=describe_growth(found.memory),
        detail="It takes more than 10 % more memory." if found.memory_grew else "",
        parts={"performance": f"Peak memory: {describe_growth(found.memory)}."},
    )
    preparation = Gate(
        name="imports and inputs",
        passed=not found.preparation_grew,
        after=describe_growth(found.preparation),
        detail="Importing takes more than 10 % longer: the work has only moved." if found.preparation_grew else "",
    )
    return [memory, preparation]


def describe_ratio(ratio: Interval) -> str:
    """Say how many times as fast, with the interval."""
    return f"{ratio.median:.2f} times as fast (95 %: {ratio.low:.2f} to {ratio.high:.2f})"


def describe_growth(ratio: Interval) -> str:
    """Say by how much a cost changed; the ratio is base over change."""
    return f"{100 * (1 / ratio.median - 1):+.1f} %"
