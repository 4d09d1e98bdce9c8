"""Write a change's evidence for GitHub; every claim comes from what ran.

A capability derives :class:`ChangeWords`, names what it makes, and adds what only it can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from bot.change.handover import tell_parts
from bot.change.new_pull import PullText
from bot.change.recipe import AnyEvidence
from bot.change.records import Baseline, Failure, Gate, GateReport
from bot.change.refusals import Refusal
from bot.markdown import (
    code_block,
    duration,
    expense,
    folded,
    inline_code,
    joined,
    listed,
    money,
    paragraph,
    shortened,
    table,
)
from bot.work.failures import summarise

_ROWS = 4
_LONGEST = 300
_SAID = 4_000
_FLAKY = 10
_FILES = 5
_STRETCHES = 10
_WEAKER = {
    "process": " This tier isolates nothing: the commands ran as an ordinary process of the host, with a scrubbed "
    "environment and limits, but with the host's files and network in reach. Treat this as weaker evidence.",
}
_TRY_MODEL = (
    "Another wording would not help: the model is too weak, or its server drops tools. `forgehand doctor` tries each "
    "model and says what is wrong; whoever runs this server can choose another."
)
_QUIET = {
    "tests taken from base": "no existing test and no test configuration is changed",
    "parse": "no changed file stopped parsing",
    "secrets": "no credentials in added lines",
    "paths": "no protected path is touched",
}
# gates of every change that have no row of their own where they pass
_WITHOUT_ROW = {*_QUIET, "size"}
# gates whose rows are worded here
_WORDED = {"proof", "regressions", "lint"}


class ChangeWords:
    """The texts of a capability that ends in a change."""

    noun = "change"
    article = "a "  # before ``noun``, with its blank; "" for a plural
    closes = False  # whether the pull request closes the issue
    cause_heading = "Why"

    def write_subject(self, evidence: AnyEvidence) -> str:
        """Write the title of a pull request, and a commit's first line."""
        return f"{self.noun.capitalize()}: {shortened(' '.join(evidence.brief.title.split()), 100)}"

    def list_own_parts(self, evidence: AnyEvidence) -> list[str]:
        """Write what stands below the table of checks and is this capability's."""
        return []

    def write_verdict(self, judgement: Any) -> str:
        """Say in a cell what the second model found."""
        return "no objection" if judgement.passed else "objects — **not passed**"

    def write_objection(self, judgement: Any) -> str:
        """Say what the second model holds against the change."""
        return shorten(judgement.objection)

    def summarise(self, evidence: AnyEvidence) -> str:
        """Say in a sentence, for the comment that notifies, what was shown."""
        return ""

    def write_next_step(self, evidence: AnyEvidence) -> str:
        """Say how to go on where nothing came of it."""
        if evidence.unusable:
            return _TRY_MODEL
        return f"For another attempt, {ask_again(evidence)}."

    def write_pull(self, evidence: AnyEvidence) -> PullText:
        """Write title and body of the pull request."""
        number = evidence.brief.number
        closing = f"Fixes #{number}" if self.closes and number is not None else ""
        about = f"{closing or f'For #{number}'}." if number is not None else ""
        return PullText(
            title=self.write_subject(evidence),
            told=joined([about, self.write_cause(evidence)]),
            evidence=self._write_evidence(evidence, fold_details(evidence)),
            closing=closing,
        )

    def write_pushed(self, evidence: AnyEvidence, where: str) -> str:
        """Write the comment on a pull request; ``where`` says what was done."""
        return joined([f"{where}.", self.write_cause(evidence), self._write_evidence(evidence)])

    def write_patch(self, evidence: AnyEvidence) -> str:
        """Write what a change rests on that is handed over as a patch."""
        return joined([self.write_cause(evidence), self._write_evidence(evidence, fold_details(evidence))])

    def write_notice(self, evidence: AnyEvidence, number: int) -> str:
        """Write the one comment that notifies."""
        if not evidence.verified:
            named = f"the {self.noun} {'is' if self.article else 'are'} **not verified**"
            return f"I opened #{number} as a draft: {named}. The pull request says what is missing."
        shown = self.summarise(evidence)
        cost = expense(evidence.cost.dollars, evidence.cost.calls)
        return f"I opened #{number} with {self.article}{self.noun}.{f' {shown}' if shown else ''} Cost {cost}."

    def write_failure(self, evidence: AnyEvidence) -> str:
        """Say what was found, tried and seen where nothing was published."""
        where = "I opened no pull request" if evidence.brief.pull is None else "I changed nothing"
        parts = [
            f"I could not produce {self.article}verified {self.noun}, so {where}.",
            *list_notes(evidence),
            self.write_cause(evidence),
            _show_proof(evidence),
        ]
        if evidence.report is not None:
            failed = [gate for gate in evidence.report.failed() if gate.detail]
            parts.append(self.write_checks(evidence))
            parts += [folded(f"Not passed: {gate.name}", code_block(gate.detail[:3000])) for gate in failed]
            parts.append(folded("The change that failed the checks", code_block(evidence.report.diff, "diff")))
        if evidence.judgement is not None and not evidence.judgement.passed:
            parts.append(self.write_objection(evidence.judgement))
        return joined([*parts, write_footer(evidence), self.write_next_step(evidence)])

    def write_refusal(self, evidence: AnyEvidence, refusal: Refusal) -> str:
        """Write why a finished change could not be published, and all it holds."""
        report = evidence.report
        parts = [
            f"I finished {'this' if self.article else 'these'} {self.noun}, but I could not publish "
            f"{'it' if self.article else 'them'}.",
            f"**Why.**\n\n{code_block(shortened(refusal.reason, _SAID))}",
            f"**What to change.** {refusal.advice} Then write `/retry`: the finished change is kept, and no model is "
            "asked for it again.",
            self.write_cause(evidence),
            self.write_checks(evidence),
            list_quiet_gates(report),
            *list_notes(evidence),
            folded("The change, with its test", code_block(report.diff, "diff")) if report is not None else "",
            write_footer(evidence),
        ]
        return joined(parts)

    def write_cause(self, evidence: AnyEvidence) -> str:
        """Write what the judge let stand of the author's own sentences."""
        cause = f"**{self.cause_heading}.** {shorten(evidence.cause)}" if evidence.cause else ""
        change = f"**Change.** {shorten(evidence.change)}" if evidence.change else ""
        return "\n".join(line for line in (cause, change) if line)

    def write_checks(self, evidence: AnyEvidence) -> str:
        """Write the table of checks; each cell comes from what ran or looked."""
        gates = {gate.name: gate for gate in evidence.report.gates} if evidence.report is not None else {}
        rows = list_common_rows(evidence, gates)
        rows += [_row(gate) for name, gate in gates.items() if name not in _WORDED | _WITHOUT_ROW]
        rows += [_row(gate) for name, gate in gates.items() if name in _WITHOUT_ROW and not gate.passed]
        if evidence.judgement is not None and evidence.judgement.model:
            rows.append(
                [
                    f"read by a second model call ({evidence.judgement.model})",
                    "",
                    self.write_verdict(evidence.judgement),
                ]
            )
        return table(["check", "before", "after"], rows) if rows else ""

    def _write_evidence(self, evidence: AnyEvidence, details: str = "") -> str:
        parts = [
            "" if evidence.verified else "**Not verified.** Something below did not pass; look at it before you merge.",
            self.write_checks(evidence),
            *self.list_own_parts(evidence),
            list_quiet_gates(evidence.report),
            *list_notes(evidence),
            write_footer(evidence),
            fold_parts(evidence),
            details,
        ]
        return joined(parts)


def list_common_rows(evidence: AnyEvidence, gates: dict[str, Gate]) -> list[list[str]]:
    """Return the rows of proof, baseline and lint, as far as they ran."""
    rows: list[list[str]] = []
    if evidence.proof is not None:
        after = gates["proof"].after if "proof" in gates else "not run"
        rows += list_proof_rows(evidence.proof.failures, after)
    if evidence.baseline is not None and "regressions" in gates:
        rows.append([name_baseline(evidence.baseline), gates["regressions"].before, gates["regressions"].after])
    if "lint" in gates:
        rows.append(["pyflakes on the changed files", gates["lint"].before, gates["lint"].after])
    return rows


def list_proof_rows(failures: Sequence[Failure], after: str, where: str = "") -> list[list[str]]:
    """Return a row for each of the first new tests: how it fails, and now."""
    more = len(failures) - _ROWS
    rows = []
    for failure in failures[:_ROWS]:
        # Without its file, which the diff shows: a long first column would squeeze the others.
        test = quote(failure.test.rpartition("::")[2] or failure.test)
        said = (summarise(failure.message) or "no message").removeprefix("AssertionError: ")
        rows.append([f"{test} (new)", f"fails{where}: {inline_code(shortened(said, 100))}", after])
    return [*rows, [f"{more} more new tests", f"fail{where}", after]] if more > 0 else rows


def name_baseline(base: Baseline) -> str:
    """Name what was run before and after: tests, or one exit code."""
    if base.whole:
        return f"the test command as a whole ({base.scope})"
    tests = len(set(base.verdicts) - set(base.unloaded))
    return f"{'' if base.targets else 'all '}{tests} tests ({base.scope})"


def list_quiet_gates(report: GateReport | None) -> str:
    """Name the gates that found nothing, and the lines that no test ran."""
    gates = {gate.name: gate for gate in report.gates if gate.passed} if report is not None else {}
    said = [text for name, text in _QUIET.items() if name in gates]
    if "paths" in gates and gates["paths"].detail:
        said[-1] = f"of protected paths only {gates['paths'].detail}"
    if "size" in gates:
        said.append(gates["size"].after)
    checked = f"Also checked by code: {', '.join(said)}." if said else ""
    return " ".join(part for part in (checked, tell_unrun(report)) if part)


def tell_unrun(report: GateReport | None) -> str:
    """Name the changed lines that no test ran; "" where none is known."""
    lines = report.unrun.lines if report is not None else {}
    if not lines:
        return ""
    files = [f"{inline_code(path)} {listed(_list_ranges(numbers), _STRETCHES)}" for path, numbers in lines.items()]
    return f"No test ran these changed lines, counted in the tests' own processes: {listed(files, _FILES)}."


def _list_ranges(numbers: Sequence[int]) -> list[str]:
    """Write ascending numbers, those that follow one another as a range."""
    groups = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    stretches = [[number for _, number in group] for _, group in groups]
    return [f"{one[0]}–{one[-1]}" if one[1:] else str(one[0]) for one in stretches]


def tell_tries(evidence: AnyEvidence) -> str:
    """Say whose tries did not pass, where models took turns."""
    models = dict.fromkeys(one.model for one in evidence.tries)
    if not set(models) - {evidence.author}:
        return ""
    told = "; ".join(f"{inline_code(one.model)}: {one.why.rstrip('.').lower()}" for one in evidence.tries)
    last = f" What is shown here is the work of {inline_code(evidence.author)}." if evidence.author else ""
    return f"Tries that did not pass: {told}.{last}"


def fold_cost(evidence: AnyEvidence) -> str:
    """Fold what each model cost, and how much of its input was cached."""
    rows = [
        [
            inline_code(one.model),
            str(one.calls),
            f"{one.input:,}",
            f"{one.cached / one.input:.0%}" if one.input else "",
            f"{one.output:,}",
            money(one.dollars),
        ]
        for one in evidence.cost.models
    ]
    head = ["model", "calls", "tokens in", "of these from the cache", "tokens out", "cost"]
    return folded("What it cost, by model", table(head, rows)) if len(rows) > 1 else ""


def list_notes(evidence: AnyEvidence) -> list[str]:
    """Return the notes for people, of the work and of the last run."""
    report = evidence.report
    if report is None:
        return list(evidence.notes)
    named = listed([quote(test) for test in report.flaky], _FLAKY)
    flaky = [f"These tests failed once and passed when run again: {named}."] if report.flaky else []
    return [*evidence.notes, *report.notes, *flaky]


def write_footer(evidence: AnyEvidence, cost: str = "Cost") -> str:
    """Say whose tries failed, what ran where, and what the task has spent."""
    spent = expense(evidence.cost.dollars, evidence.cost.calls)
    told = _write_run(evidence.baseline, evidence.report, f"{cost} {spent}.")
    if not evidence.brief.runs:
        told = f"Code of a fork is not run here: nothing was tested. {told}"
    return joined([tell_tries(evidence), told])


def _write_run(base: Baseline | None, report: GateReport | None, cost: str) -> str:
    if base is None:
        return cost
    where = "sandbox without network" if base.tier != "process" else "plain process, not a sandbox"
    # whole, however long: a command cut short is not the one that ran
    command = inline_code(report.command if report is not None and report.command else base.command)
    head = f"Ran in a {base.tier} {where}" if base.tier != "process" else f"Ran in a {where}"
    return f"{head}: {command}.{_WEAKER.get(base.tier, '')} {cost}"


def fold_details(evidence: AnyEvidence, failures: Sequence[Failure] | None = None) -> str:
    """Fold what few will read: failures in full, and the installation.

    ``failures`` are those of new tests without the change; by default the proof's.
    """
    if failures is None:
        failures = evidence.proof.failures if evidence.proof is not None else ()
    found = []
    if failures:
        text = "\n\n".join(failure.message for failure in failures[:3])
        found.append(folded("How the new test fails without the change", code_block(text[:6000])))
    base = evidence.baseline
    if base is not None and base.setup:
        lines = (
            f"- {inline_code(run.command)}: {'ok' if run.ok else 'failed'}, {duration(run.seconds)}"
            for run in base.setup
        )
        reused = f"Not anew: {base.reused}, and nothing that decides it has changed." if base.reused else ""
        found.append(folded("How it was set up", joined([reused, "\n".join(lines)])))
    if evidence.report is not None and evidence.report.unrun.reason:
        found.append(
            folded("Which changed lines the tests ran", f"Not known: {paragraph(evidence.report.unrun.reason)}")
        )
    found += [cost] if (cost := fold_cost(evidence)) else []
    return "\n\n".join(found)


def fold_parts(evidence: AnyEvidence) -> str:
    """Fold what was measured of a change's five parts, and why not the rest."""
    lines = [f"- **{name.capitalize()}.** {paragraph(part.text)}" for name, part in tell_parts(evidence)]
    return folded("What was measured, and what was not", "\n".join(lines))


def ask_again(evidence: AnyEvidence) -> str:
    """Say how to ask for another attempt."""
    label = evidence.task.source_label
    return f"remove the label {inline_code(label)} and add it again" if label else "ask again"


def quote(text: str) -> str:
    """Show a name or line of code whole up to some length."""
    return inline_code(shortened(text, _LONGEST))


def shorten(text: str) -> str:
    """Show somebody's words as one paragraph of bounded length."""
    return shortened(paragraph(text), _SAID)


def _row(gate: Gate) -> list[str]:
    return [gate.name, gate.before, gate.after if gate.passed else f"{gate.after} — **not passed**"]


def _show_proof(evidence: AnyEvidence) -> str:
    """Show the failing test where it is all that there is to show."""
    proof = evidence.proof
    if proof is None or not proof.files.files:
        return ""
    files = proof.files.files
    room = 8000 // max(1, len(files))
    shown = joined([f"{quote(path)}\n\n{code_block((text or '')[:room])}" for path, text in files.items()])
    seen = f"the new test {quote(proof.tests[0])} fails on the present code"
    told = f"What I can show: {seen}; it {paragraph(proof.reason)}."
    return joined([told, folded("The failing test", shown)])
