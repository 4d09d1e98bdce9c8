"""Write what the gates found of somebody's pull request."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords, fold_details, list_notes, list_quiet_gates, quote, write_footer
from bot.markdown import code_block, folded, joined
from handlers.prove.records import get_brief

NO_PROOF = "No new test in a file of its own fails without the change and passes with it."
_SHOWN = 3_000


class ProveWords(ChangeWords):
    """The texts of a proof."""

    noun = "proof"

    def write_report(self, evidence: AnyEvidence) -> str:
        """Write the evidence, with failed gates in full."""
        failed = evidence.report.failed() if evidence.report is not None else ()
        details = [folded(f"Not passed: {one.name}", code_block(one.detail[:_SHOWN])) for one in failed if one.detail]
        return joined(
            [
                f"**{self.summarise(evidence)}** Checked at `{get_brief(evidence).head_sha[:10]}` by the gates that my "
                "own changes have to pass; no model was asked, and nobody read the change for this.",
                self.write_checks(evidence),
                *details,
                list_quiet_gates(evidence.report),
                *list_notes(evidence),
                write_footer(evidence),
                fold_details(evidence),
            ]
        )

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say in a sentence what was shown."""
        report = evidence.report
        if report is None:
            return "Not proved. Nothing but tests is changed."
        if not report.passed:
            return f"Not proved. These gates did not pass: {', '.join(gate.name for gate in report.failed())}."
        if evidence.proof is None:
            return f"Not proved. {NO_PROOF}"
        return f"Proved. {quote(evidence.proof.tests[0])} fails without the change and passes with it; nothing broke."


WORDS = ProveWords()
