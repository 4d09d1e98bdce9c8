"""Write what an examination showed."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.words import ChangeWords
from bot.flakiness.records import Examination
from bot.markdown import code_block, folded, inline_code, joined, table
from handlers.flaky.records import find_flake

TITLES = {
    "victim": "Order-dependent: a victim of another test",
    "brittle": "Order-dependent: it needs another test before it",
    "order-dependent": "Order-dependent",
    "non-deterministic": "Non-deterministic",
    "environment": "It depends on what is around it",
    "broken": "Broken, not flaky",
    "not shown": "Nothing shows that it is flaky",
    "not examined": "It could not be examined",
}


def write_examination(found: Examination) -> str:
    """Write class, evidence and commands of one test."""
    parts = [f"**{TITLES[found.kind]}**: {inline_code(found.test)}", found.reason, _write_tallies(found)]
    if found.others:
        name = "Before it ran" if found.kind != "victim" else "Polluted by"
        parts.append(f"{name}: {', '.join(inline_code(one) for one in found.others)}.")
    if found.flaky or found.kind == "broken":
        fresh = " It did so in fresh processes too." if found.confirmed else ""
        parts.append(f"To see it again:{fresh}\n\n{code_block(chr(10).join(found.commands), 'sh')}")
    if found.message:
        parts.append(folded("What it failed with", code_block(found.message[-1500:])))
    parts += found.notes
    if found.flaky:
        fix, keep = inline_code(f"/flaky fix {found.test}"), inline_code(f"/quarantine {found.test}")
        parts.append(f"{fix} fixes it with this as the proof; {keep} keeps it from failing others' work for two weeks.")
    return joined(parts)


def _write_tallies(found: Examination) -> str:
    rows = [(one.name, str(one.passed), str(one.failed), str(one.lost)) for one in found.tallies]
    return table(("Run", "passed", "failed", "no observation"), rows) if rows else ""


class FlakyWords(ChangeWords):
    """The texts of a fix of a flaky test."""

    noun = "fix of a flaky test"
    cause_heading = "Why it was flaky"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Name the test that is steady now."""
        flake = find_flake(evidence)
        if flake is None:
            return super().write_subject(evidence)
        return f"Make {flake.test.rpartition('::')[2][:60]} pass in any order"

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """Tell the reproduced flake."""
        flake = find_flake(evidence)
        return [folded("The flake before the change", write_examination(flake))] if flake is not None else []

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say what failed before and passes now."""
        report = evidence.report
        shown = next((gate for gate in report.gates if gate.name == "flake"), None) if report is not None else None
        return f"The flake: {shown.before} before, {shown.after} now." if shown is not None else ""


WORDS = FlakyWords()
