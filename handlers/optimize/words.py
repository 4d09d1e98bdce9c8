"""Write what an optimisation says beside the evidence that every change has."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords
from bot.markdown import code_block, folded, inline_code
from handlers.optimize.gates import TIME, describe_ratio
from handlers.optimize.records import find_vetted


class OptimizeWords(ChangeWords):
    """The texts of an optimisation."""

    noun = "optimisation"
    article = "an "
    cause_heading = "What took the time"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Name the target that is faster."""
        vetted = find_vetted(evidence)
        return super().write_subject(evidence) if vetted is None else f"Speed up {vetted.benchmark.target.name}"

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """Tell the benchmark, its noise, and how to run it."""
        vetted = find_vetted(evidence)
        if vetted is None:
            return []
        benchmark = vetted.benchmark
        told = (
            f"Measured with a benchmark that is no part of the change: {vetted.seen.share:.0%} of its time is spent in "
            f"{inline_code(str(benchmark.target))}. Each figure is from pairs of fresh processes, one of the base and "
            "one of the change, on inputs drawn only then; the interval is a bootstrap of the paired median. A copy of "
            f"the base ran {describe_ratio(vetted.null.work)} as the base itself."
        )
        return [told, folded(f"The benchmark, {inline_code(benchmark.path)}", code_block(vetted.text, "python"))]

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say how much faster it is."""
        report = evidence.report
        shown = next((gate for gate in report.gates if gate.name == TIME), None) if report is not None else None
        return f"Processor time: {shown.before} before, {shown.after}." if shown is not None else ""

    def write_failure(self, evidence: AnyEvidence) -> str:
        """Add the benchmark where a change was measured by it."""
        told = super().write_failure(evidence)
        own = self.list_own_parts(evidence) if evidence.report is not None else []
        return "\n\n".join([told, *own])


WORDS = OptimizeWords()
