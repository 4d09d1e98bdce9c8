"""Define what one process and a comparison measured, stored as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.benchmarking.intervals import Interval
from bot.types import ForgehandError, JsonModel

Verdict = Literal["faster", "slower", "no difference shown"]

# a ratio whose interval lies closer to 1 is noise: pairs of equal trees reach this on a busy machine
_NOISE = 0.01
# a change that costs more than this elsewhere has only moved the cost
_MOST_GROWTH = 1.10


class BenchmarkError(ForgehandError):
    """A benchmark that cannot be run or believed; the message says why."""


class Target(JsonModel):
    """Function, method or class that is to become faster, and its lines."""

    path: str
    name: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.path}::{self.name}"


class Benchmark(JsonModel):
    """A benchmark's file, its target, and how many inputs make enough work."""

    path: str
    target: Target
    count: int = 1


class Sample(JsonModel):
    """Figures of one process: processor seconds, memory, digests.

    ``preparation`` is what imports and inputs took, ``work`` the benchmark from its first input to the end of the
    process, with all processes that it started.
    """

    preparation: float = Field(gt=0)
    work: float = Field(gt=0)
    memory_mb: float = Field(gt=0)
    inputs: str  # one digest of all
    distinct: int  # of them
    results: tuple[str, ...]  # a digest or an exception for each input


class Seen(JsonModel):
    """View of the target by a profile: calls from outside, share of the work."""

    calls: int
    repeated: int  # calls with arguments of an earlier one
    share: float


class Profile(JsonModel):
    """Result of one process under a profile."""

    profile: Seen


class Comparison(JsonModel):
    """Result of interleaved pairs; each ratio is base over change.

    A ratio of 1.25 says that the base takes 1.25 times as long.
    """

    pairs: int
    inputs: int  # of all pairs, each drawn for this comparison
    work: Interval
    preparation: Interval
    memory: Interval
    base_seconds: float  # medians of one process's work
    change_seconds: float
    unequal: int = 0  # inputs with another result
    difference: str = ""  # the first of them

    @property
    def verdict(self) -> Verdict:
        """Say what the interval shows: nothing that is within the noise."""
        if self.work.low > 1 + _NOISE:
            return "faster"
        return "slower" if self.work.high < 1 - _NOISE else "no difference shown"

    @property
    def memory_grew(self) -> bool:
        return self.memory.median * _MOST_GROWTH < 1

    @property
    def preparation_grew(self) -> bool:
        return self.preparation.median * _MOST_GROWTH < 1
