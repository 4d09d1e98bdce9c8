"""Write what a refactoring says beside the evidence that every change has."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords
from bot.markdown import counted, shortened
from handlers.refactor.records import RefactorEvidence, get_plan

_UNDO = "To go back, revert this one commit: `git revert` restores every file."


class RefactorWords(ChangeWords):
    """The texts of a refactoring."""

    noun = "refactoring"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Name what is renamed, or what was asked for."""
        rename = get_plan(evidence).rename
        if rename is not None:
            return shortened(f"Rename {rename.old} to {rename.new}", 100)
        return super().write_subject(evidence)

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """Tell what made the change, and which tests were written first."""
        if evidence.made is not None:
            return [f"Made by the codemod alone, no model edited a line. {_UNDO}"]
        written = evidence.written.files if isinstance(evidence, RefactorEvidence) else {}
        if not written:
            return ["The tests that were there run every function that changed."]
        return [
            f"No test ran all of this code; {counted(len(written), 'file')} of tests were written on the unchanged "
            "code first, and stay."
        ]

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say what got better."""
        goal = get_plan(evidence).goal
        report = evidence.report
        shown = next((one for one in report.gates if one.name == str(goal)), None) if report is not None else None
        return f"{shown.name[0].upper()}{shown.name[1:]}: {shown.before} before, {shown.after} now." if shown else ""


WORDS = RefactorWords()
