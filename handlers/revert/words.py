"""Write what a revert says beside the evidence that every change has."""

from __future__ import annotations

from bot.change.new_pull import PullText
from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords, fold_details, quote
from bot.markdown import code_block, folded, inline_code, joined, listed, paragraph, shortened
from handlers.revert.confirmation import CONFIRMED, NAME
from handlers.revert.records import RevertBrief, get_brief
from handlers.revert.refusals import list_later, write_command

_FILES = 20
_REASON = 500
_SHOWN = 3_000


class RevertWords(ChangeWords):
    """The texts of a revert."""

    noun = "revert"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Name what is taken back."""
        return shortened(" ".join(get_brief(evidence).subject.split()), 120)

    def write_pull(self, evidence: AnyEvidence) -> PullText:
        """Write title and body; the commit names what it reverts, as git's do."""
        brief = get_brief(evidence)
        reason = f"**Why.** {paragraph(shortened(brief.asked, _REASON))}" if brief.asked.strip() else ""
        title = f" ({inline_code(shortened(brief.title, 120))})" if brief.title else ""
        told = f"Takes {brief.name}{title} back, which was {brief.how}."
        return PullText(
            title=self.write_subject(evidence),
            told=joined([told, reason, _tell_confirmation(evidence)]),
            evidence=self._write_evidence(evidence, fold_details(evidence)),
            closing="\n".join(f"This reverts commit {sha}." for sha in brief.known.commits),
        )

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """Tell what goes, what was built on it, and how to have it again."""
        brief = get_brief(evidence)
        files = [quote(path) for path in sorted(brief.reversal.changes.files)]
        made = f"Made by git alone, no model edited a line; by hand: `{write_command(brief)}`."
        report = evidence.report
        lost = [gate.detail for gate in report.failed() if gate.detail] if report is not None else []
        return [
            *(folded("Not passed", code_block(shortened(detail, _SHOWN))) for detail in lost),
            f"What changes: {listed(files, _FILES)}. {made}",
            _tell_later(brief),
            _warn(brief),
        ]

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say whether it is shown that this helps."""
        return _tell_confirmation(evidence).replace("**", "")

    def write_next_step(self, evidence: AnyEvidence) -> str:
        """Say how to go on where the gates forbid it."""
        return f"By hand: `{write_command(get_brief(evidence))}`."


def _tell_confirmation(evidence: AnyEvidence) -> str:
    report = evidence.report
    gate = next((one for one in report.gates if one.name == NAME), None) if report is not None else None
    if gate is not None and gate.after.endswith(f": {CONFIRMED}"):
        named = listed([quote(name) for name in gate.detail.splitlines()], 5)
        return f"**Confirmed.** Fails on the branch as it is, and passes with this, each time: {named}."
    return "**Not confirmed.** No test that ran fails on the branch and passes with this: that it helps is not shown."


def _tell_later(brief: RevertBrief) -> str:
    if not brief.reversal.later:
        return "No later commit touches these files."
    return f"Later commits touch the same files, on other lines, and stay: {list_later(brief.reversal.later)}."


def _warn(brief: RevertBrief) -> str:
    if brief.known.kind != "merge":
        return "To have it again, `/revert` the pull request that takes it back."
    branch = f"The branch {quote(brief.branch)}" if brief.branch else "Its branch"
    return (
        f"**{branch} cannot simply be merged again.** git counts its commits as merged: a second merge brings only "
        "what is new on it and silently leaves out the rest. To have it again, `/revert` this pull request once it is "
        "merged, and repair it there."
    )


WORDS = RevertWords()
