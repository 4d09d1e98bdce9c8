"""What was measured of an optimisation, as gates and words."""

from __future__ import annotations

import pytest

from bot.benchmarking.intervals import Interval
from bot.benchmarking.records import Comparison, Target
from bot.change.records import Brief
from handlers.optimize.gates import cache_gate, cost_gates, gain_gate, results_gate, surroundings_gate
from handlers.optimize.measuring import wants_cache
from handlers.optimize.proof import named_code

TARGET = Target(path="words.py", name="count", first=1, last=9)
SAME = Interval(median=1, low=0.99, high=1.01)


def compared(work: Interval, **fields: object) -> Comparison:
    known = {"pairs": 30, "inputs": 900, "preparation": SAME, "memory": SAME}
    return Comparison.model_validate({**known, "work": work, "base_seconds": 0.2, "change_seconds": 0.1, **fields})


def test_a_gain_is_told_with_its_interval() -> None:
    gate = gain_gate(TARGET, compared(Interval(median=2.001, low=1.9, high=2.1)))
    assert gate.passed
    assert (gate.before, gate.after) == ("0.200 s", "0.100 s; 2.00 times as fast (95 %: 1.90 to 2.10), 30 pairs")
    assert gate.parts["performance"].startswith("The benchmark of words.py::count runs 2.00 times as fast")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(1.0, 1.1, "no difference shown"), (1.009, 1.1, "no difference shown"), (0.5, 0.6, "slower")],
)
def test_noise_and_losses_are_no_gain(low: float, high: float, said: str) -> None:
    gate = gain_gate(TARGET, compared(Interval(median=(low + high) / 2, low=low, high=high)))
    assert not gate.passed
    assert gate.after.endswith(said)


def test_one_other_result_is_enough() -> None:
    assert results_gate(compared(SAME)).passed
    gate = results_gate(compared(SAME, unequal=1, difference="`KeyError: 'a'` before, a value now"))
    assert not gate.passed
    assert gate.after == "899 of 900 the same"
    assert "KeyError" in gate.detail


def test_what_a_gain_costs_is_a_gate_each() -> None:
    more = Interval(median=0.8, low=0.7, high=0.9)
    memory, preparation = cost_gates(compared(SAME, memory=more, preparation=more))
    assert not memory.passed
    assert memory.after == "+25.0 %"
    assert not preparation.passed
    assert "has only moved" in preparation.detail
    assert all(gate.passed for gate in cost_gates(compared(SAME)))


def test_a_cache_passes_only_where_it_was_asked_for() -> None:
    texts = {"words.py": ("def count(): pass\n", "_SEEN = {}\n\ndef count(): pass\n")}
    gate = cache_gate(texts, wanted=False)
    assert not gate.passed
    assert "words.py: `_SEEN`" in gate.detail
    assert cache_gate(texts, wanted=True).passed
    assert surroundings_gate(texts).passed


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("words.count with a cache", True),
        ("Add memoization to count", True),
        ("use caching here", True),
        ("count is slow; no cache please", False),
        ("the cache is slow", False),
    ],
)
def test_a_cache_is_asked_for_in_so_many_words(asked: str, wanted: bool) -> None:
    brief = Brief(nonce="n", title="Slow", body="", asked=asked, base_branch="main", base_sha="0")
    assert wants_cache(brief) is wanted


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("", ""),
        ("count", "count"),
        ("`words.count`", "words.count"),
        ("src/words.py::count with a cache", "src/words.py::count"),
        ("the parser is slow", ""),
        ("read_rows please", "read_rows"),
    ],
)
def test_code_that_is_named_is_told_from_words(asked: str, code: str) -> None:
    assert named_code(asked) == code
