"""Write what a fix says beside the evidence that every change has."""

from __future__ import annotations

import re

from bot.change.words import ChangeWords, ask_again, quote, shorten
from bot.markdown import shortened
from handlers.fix.judge import Counterexample, FixEvidence

# what an issue's title says of itself, and a fix's title would say twice
_KIND = re.compile(r"^(?:\[(?:bug|fix)\]|(?:bug|fix)\s?:)\s*", re.IGNORECASE)


class FixWords(ChangeWords):
    """The texts of a fix."""

    noun = "fix"
    closes = True
    cause_heading = "Cause"

    def write_subject(self, evidence: FixEvidence) -> str:
        """Write the title, without saying twice that it is a bug."""
        title = " ".join(evidence.brief.title.split())
        return f"Fix: {shortened(_KIND.sub('', title, count=1) or title, 100)}"

    def write_verdict(self, judgement: Counterexample) -> str:
        """Say whether the second model found a failing input."""
        found = "names a failing input" if judgement.failing_input else "objects"
        return "no failing input found" if judgement.passed else f"{found} — **not passed**"

    def write_objection(self, judgement: Counterexample) -> str:
        """Say what the judge holds against the fix."""
        if judgement.failing_input:
            named = f"A second model names an input that still fails: {quote(judgement.failing_input)}."
            return f"{named} {shorten(judgement.reason)}".strip()
        return f"A second model objects: {shorten(judgement.reason) or 'it gave no reason.'}"

    def summarise(self, evidence: FixEvidence) -> str:
        """Say which new tests failed before and pass now."""
        if evidence.proof is None:
            return ""
        first, *others = evidence.proof.tests
        if others:
            return f"The new test {quote(first)} and {len(others)} more failed before and pass now."
        return f"The new test {quote(first)} failed before and passes now."

    def write_next_step(self, evidence: FixEvidence) -> str:
        """Ask to complete the issue only where no test showed it."""
        if evidence.proof is None and evidence.baseline is not None and not evidence.unusable:
            return (
                "If the issue is missing an input or the expected or actual result, add it, then "
                f"{ask_again(evidence)}."
            )
        return super().write_next_step(evidence)


WORDS = FixWords()
