"""Define what an optimisation rests on, stored as JSON."""

from __future__ import annotations

from bot.benchmarking.records import Benchmark, Comparison, Seen
from bot.change.recipe import AnyEvidence
from bot.change.records import Brief, ChangeTask, Evidence, Judgement
from bot.git.changes import Changes
from bot.types import JsonModel


class Vetted(JsonModel):
    """A benchmark that can be used, with what showed it on the base.

    Its file is laid over both trees and is no part of the change, so that no edit reaches it.
    """

    benchmark: Benchmark
    text: str
    seen: Seen
    null: Comparison  # two copies of the base

    def over(self, changes: Changes) -> Changes:
        """Return a change with the benchmark's file as it was vetted."""
        return Changes(files={**changes.files, self.benchmark.path: self.text})


class OptimizeEvidence(Evidence[ChangeTask, Brief, Judgement]):
    """Evidence of an optimisation: the benchmark beside all others have."""

    vetted: Vetted | None = None


def find_vetted(evidence: AnyEvidence) -> Vetted | None:
    """Return the benchmark that the evidence holds, if there was one."""
    return evidence.vetted if isinstance(evidence, OptimizeEvidence) else None


def get_vetted(evidence: AnyEvidence) -> Vetted:
    """Return the benchmark, which is there once anything is edited."""
    vetted = find_vetted(evidence)
    assert vetted is not None, "nothing is edited without a benchmark"
    return vetted
