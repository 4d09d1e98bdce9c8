"""Write what a change says that adds tests, beside the evidence that every change has."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.records import GateReport
from bot.change.words import ChangeWords, ask_again
from bot.markdown import code_block, counted, folded, shortened
from handlers.test.invitations import find_taken_up
from handlers.test.records import TargetSurvey, survey_of

_GAPS = 12_000


class TestWords(ChangeWords):
    """The texts of new tests."""

    __test__ = False

    noun = "tests"
    article = ""

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Name what is tested now."""
        survey = survey_of(evidence)
        return f"Test {shortened(survey.name, 100)}" if survey is not None else super().write_subject(evidence)

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """Say what a small fault is, and what stays untested."""
        survey = survey_of(evidence)
        report = evidence.report
        if survey is None or report is None:
            return []
        gate = next((gate for gate in report.gates if gate.name == "faults noticed" and gate.passed), None)
        told = (
            "A fault is one small change of the code (`<` to `<=`, `+` to `-`, a call left out). Each new test fails "
            f"with at least one that {survey.tests} noticed."
        )
        parts = [told, *_list_relations(survey, report)]
        if report.dropped:
            title = f"Left out, as not good enough: {counted(len(report.dropped), 'test')}"
            parts.append(folded(title, code_block("\n".join(report.dropped)[:_GAPS])))
        if gate is None:
            return parts
        if not gate.detail:
            return [*parts, "No fault that could be judged stays unnoticed."]
        number = len(gate.detail.splitlines())
        gaps = folded(f"What stays untested: {counted(number, 'fault')}", code_block(gate.detail[:_GAPS]))
        return [*parts, gaps]

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say how many faults are noticed now."""
        gates = evidence.report.gates if evidence.report is not None else ()
        return next((gate.parts["tests"] for gate in gates if "tests" in gate.parts), "")

    def write_next_step(self, evidence: AnyEvidence) -> str:
        """Say how to go on."""
        if survey_of(evidence) is None:
            return "Name what to test: `/test path/to/module.py`, `/test package.module.function`."
        return f"For another attempt, {ask_again(evidence)}, or name a smaller target."


def _list_relations(survey: TargetSurvey, report: GateReport) -> list[str]:
    """Say which relations the signatures invite, and which test holds each."""
    if not survey.invitations:
        return []
    taken = find_taken_up(survey.invitations, {path: text for path, text in report.changes.files.items() if text})
    lines = [f"{one.told}: {taken.get(one.told, 'no test of it was kept')}" for one in survey.invitations]
    return [folded("What the signatures invite to assert for all input", code_block("\n".join(lines)[:_GAPS]))]


WORDS = TestWords()
