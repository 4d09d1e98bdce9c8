"""Write what work on documentation adds to the evidence that every change has."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords, ask_again, quote
from bot.documentation.records import Defect
from bot.markdown import counted, folded, shortened
from handlers.docs.records import defects_of, survey_of

_LISTED = 30


class DocsWords(ChangeWords):
    """The texts of work on documentation."""

    noun = "documentation"
    article = ""
    cause_heading = "What was false"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Write the title, by what was asked for."""
        asked = " ".join((evidence.brief.asked or evidence.brief.title).split())
        return f"Docs: {shortened(asked, 100) or 'tell what the code does'}"

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """List the faults that code had found, and that the gates saw gone."""
        defects = defects_of(evidence)
        return (
            [folded(f"Mended: {counted(len(defects), 'fault')} found by code", list_defects(defects))]
            if defects
            else []
        )

    def summarise(self, evidence: AnyEvidence) -> str:
        """Count the faults that code had found and that are gone."""
        number = len(defects_of(evidence))
        return f"Gone: {counted(number, 'fault')} that code had found." if number else ""

    def write_failure(self, evidence: AnyEvidence) -> str:
        """Say what was found, or that nothing is wrong."""
        if survey_of(evidence) is not None and not defects_of(evidence) and evidence.report is None and evidence.notes:
            return evidence.notes[-1]
        return super().write_failure(evidence)

    def write_next_step(self, evidence: AnyEvidence) -> str:
        """List the remaining faults, and say how to go on."""
        defects = defects_of(evidence)
        listed = f"What code found, and what stays:\n\n{list_defects(defects)}\n\n" if defects else ""
        return f"{listed}For another attempt, {ask_again(evidence)}."


def list_defects(defects: tuple[Defect, ...]) -> str:
    """List faults with their places."""
    lines = [f"- {quote(f'{one.path}:{one.line}')}: {one.text}" for one in defects[:_LISTED]]
    more = len(defects) - _LISTED
    return "\n".join([*lines, f"- and {more} more"] if more > 0 else lines)


WORDS = DocsWords()
