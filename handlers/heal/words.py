"""Write what a heal says beside the evidence that every change has."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords, quote
from bot.markdown import shortened
from handlers.heal.records import HealEvidence

UNJUDGED_LOCK = (
    "The tool chose these versions, and nobody judged them. The tests ran with what was installed before, "
    "which may differ."
)
UNJUDGED = "Nobody judged the behaviour: whether what the snapshots show now is right, you have to say."


class HealWords(ChangeWords):
    """The texts of a heal."""

    noun = "heal"
    cause_heading = "Cause"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Name what was red."""
        if isinstance(evidence, HealEvidence) and evidence.mended_by:
            return f"Run {shortened(evidence.mended_by[0].partition(chr(10))[0], 60)}"
        proof = evidence.proof
        if proof is not None:
            return f"Make {shortened(proof.tests[0].rpartition('::')[2], 60)} pass again"
        red = evidence.brief.red
        return f"Make {shortened(red[0].name, 60)} pass again" if red else "Make CI pass again"

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """Tell which head was red, and which of CI's jobs."""
        brief = evidence.brief
        jobs = ", ".join(quote(job.shown) for job in brief.red)
        return [f"Red: {jobs}, on {brief.base_sha}."] if jobs else []

    def write_checks(self, evidence: AnyEvidence) -> str:
        """Add a row for the tests that failed, which are none of ours."""
        told = super().write_checks(evidence)
        report = evidence.report
        proof = evidence.proof
        gate = next((one for one in report.gates if one.name == "proof"), None) if report is not None else None
        if proof is None or gate is None or not told:
            return told
        more = f" and {len(proof.tests) - 1} more" if len(proof.tests) > 1 else ""
        after = gate.after if gate.passed else f"{gate.after} — **not passed**"
        row = f"| {quote(proof.tests[0])}{more} | {gate.before} | {after} |"
        head, rule, *rows = told.split("\n")
        return "\n".join([head, rule, row, *rows])

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say what failed and passes now."""
        if isinstance(evidence, HealEvidence) and evidence.renewed:
            return f"{quote(evidence.mended_by[0])} renewed snapshots. {UNJUDGED}"
        if isinstance(evidence, HealEvidence) and evidence.versions:
            return f"{quote(evidence.mended_by[0])} renewed a lock file: {evidence.versions}. {UNJUDGED_LOCK}"
        if isinstance(evidence, HealEvidence) and evidence.mended_by:
            return f"{quote(evidence.mended_by[0])} made it; CI's own command passes now."
        if evidence.proof is None:
            return "CI's own command failed before and passes now."
        return f"{quote(evidence.proof.tests[0])} failed before and passes now."

    def write_failure(self, evidence: AnyEvidence) -> str:
        """Say what was found; where nothing was tried, nothing else."""
        if isinstance(evidence, HealEvidence) and evidence.diagnosis is not None and evidence.diagnosis.kind != "ours":
            return "\n\n".join([evidence.diagnosis.sentence, *self.list_own_parts(evidence)])
        return super().write_failure(evidence)


WORDS = HealWords()
