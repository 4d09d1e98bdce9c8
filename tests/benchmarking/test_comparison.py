"""Samples of two trees become a verdict: which is faster, and at what price."""

from __future__ import annotations

import random

import pytest

from bot.benchmarking.comparison import summarise
from bot.benchmarking.records import Comparison, Sample


def sample(source: random.Random, work: float, **fields: object) -> Sample:
    """A sample with 2 % of noise."""
    noise = source.lognormvariate(0, 0.02)
    known = {"preparation": 0.03, "memory_mb": 20.0, "inputs": "a", "distinct": 2, "results": ("x", "y")}
    return Sample.model_validate({**known, "work": work * noise, **fields})


def compared(before: float, after: float, **fields: object) -> Comparison:
    source = random.Random(3)
    return summarise([(sample(source, before), sample(source, after, **fields)) for _ in range(30)])


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(0.1, "no difference shown"), (0.0995, "no difference shown"), (0.09, "faster"), (0.12, "slower")],
)
def test_only_what_lies_beyond_the_noise_is_a_gain(after: float, verdict: str) -> None:
    assert compared(0.1, after).verdict == verdict


def test_another_result_or_exception_is_told() -> None:
    found = compared(0.1, 0.05, results=("x", "KeyError: 'y'"))
    assert found.unequal == 30
    assert found.difference == "a value with the digest `y` before, `KeyError: 'y'` now"


def test_other_inputs_from_the_same_seed_are_told() -> None:
    assert compared(0.1, 0.05, inputs="b").difference == "the change draws other inputs from the same seed"


def test_what_a_gain_costs_elsewhere_is_told() -> None:
    plain = compared(0.1, 0.05, memory_mb=21.0, preparation=0.031)
    assert not plain.memory_grew
    assert not plain.preparation_grew
    assert compared(0.1, 0.05, memory_mb=22.5).memory_grew
    assert compared(0.1, 0.05, preparation=0.04).preparation_grew
