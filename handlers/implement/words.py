"""Write an implementation's evidence: which requirement which tests show, and the commits that it is made of."""

from __future__ import annotations

from bot.change.words import ChangeWords, quote
from bot.markdown import folded, inline_code, paragraph, shortened, table
from bot.work.failures import summarise
from handlers.implement.records import FeatureEvidence, Reading
from handlers.plan.words import write_specification


class FeatureWords(ChangeWords):
    """The texts of an implementation."""

    noun = "feature"
    closes = True

    def write_subject(self, evidence: FeatureEvidence) -> str:
        """Name the change as the issue names itself."""
        return shortened(" ".join(evidence.brief.title.split()), 100)

    def list_own_parts(self, evidence: FeatureEvidence) -> list[str]:
        """Show requirements with their tests, commits and the specification."""
        specification = folded("Specification", write_specification(evidence.brief.specification))
        return [_write_traces(evidence), _write_commits(evidence), specification]

    def write_verdict(self, judgement: Reading) -> str:
        """Count the requirements that the second model found met."""
        met = sum(answer.met for answer in judgement.answers)
        said = f"{met} of {len(judgement.answers)} requirements met"
        return said if judgement.passed else f"{said} — **not passed**"

    def summarise(self, evidence: FeatureEvidence) -> str:
        """Say how many requirements are shown by how many tests."""
        proof = evidence.proof
        if proof is None:
            return ""
        tests = f"{len(proof.tests)} new tests that failed before and pass now"
        return f"{len(proof.traces)} requirements are shown by {tests}."


def _write_traces(evidence: FeatureEvidence) -> str:
    """Write the table of each requirement and its tests."""
    proof = evidence.proof
    if proof is None:
        return ""
    gates = {gate.name: gate for gate in evidence.report.gates} if evidence.report is not None else {}
    after = gates["proof"].after if "proof" in gates else "not run"
    texts = {one.id: one.text for one in evidence.brief.specification.requirements}
    said = {failure.test: summarise(failure.message) or "no message" for failure in proof.failures}
    rows = [
        (
            "" if number else f"{trace.requirement}: {paragraph(texts.get(trace.requirement, ''))}",
            quote(test.rpartition("::")[2] or test),
            inline_code(shortened(said.get(test, "no message"), 100)),
            after,
        )
        for trace in proof.traces
        for number, test in enumerate(trace.tests)
    ]
    return table(("requirement", "test", "fails before", "now"), rows)


def _write_commits(evidence: FeatureEvidence) -> str:
    """List the commits below the last, with what was run on each."""
    if not evidence.snapshots:
        return ""
    lines = [f"{at}. {paragraph(one.subject)}: {one.told}" for at, one in enumerate(evidence.snapshots, 1)]
    last = f"{len(lines) + 1}. the rest; all checks above are of this tree"
    return "\n".join(["Commits, each tested as it is:", "", *lines, last])


WORDS = FeatureWords()
