"""Write what a completion adds to the evidence that every change has."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords
from bot.markdown import inline_code, listed
from handlers.complete.records import CompletionBrief

_NAMED = 10
_NOT_APPLIED = "A model wrote the migration, and it was applied to no database: read it, and apply it to a copy."


class CompletionWords(ChangeWords):
    """The texts of a completion."""

    noun = "completion"
    cause_heading = "What was open"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Name what is filled in."""
        if migrations := _brief(evidence).migrations:
            return f"Add migrations of {', '.join(name for one in migrations for name in one.names[:3])}"
        names = dict.fromkeys(stub.function or stub.path for stub in _brief(evidence).stubs)
        return f"Fill in {', '.join(names)}"

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """List what was left open, with its place."""
        if migrations := _brief(evidence).migrations:
            return [*(one.text for one in migrations), _NOT_APPLIED]
        places = [inline_code(f"{stub.place}: {stub.text}") for stub in _brief(evidence).stubs]
        return [f"Left open before, found by code: {listed(places, _NAMED)}."]


def _brief(evidence: AnyEvidence) -> CompletionBrief:
    brief = evidence.brief
    assert isinstance(brief, CompletionBrief), "a completion begins with what is left open"
    return brief


WORDS = CompletionWords()
