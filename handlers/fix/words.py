"""Write a fix's evidence for GitHub; every claim comes from what ran."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.change.new_pull import PullText
from bot.change.records import Baseline, Failure, GateName, GateReport
from bot.change.refusals import Refusal
from bot.markdown import code_block, duration, expense, folded, inline_code, listed, paragraph, shortened, table
from bot.work.failures import summarise
from handlers.fix.judge import FixEvidence

# what an issue's title says of itself, and a fix's title would say twice
_KIND = re.compile(r"^(?:\[(?:bug|fix)\]|(?:bug|fix)\s?:)\s*", re.IGNORECASE)
_ROWS = 4
_LONGEST = 300
_SAID = 4_000
_FLAKY = 10
_UNVERIFIED = "**Not verified.** Something below did not pass; look at it before you merge."
_OWN_ROW = {"proof", "regressions", "lint"}
_WEAKER = {
    "process": " This tier isolates nothing: the commands ran as an ordinary process of the host, with a scrubbed "
    "environment and limits, but with the host's files and network in reach. Treat this as weaker evidence.",
}
_QUIET: dict[GateName, str] = {
    "tests taken from base": "no existing test and no test configuration is changed",
    "parse": "no changed file stopped parsing",
    "secrets": "no credentials in added lines",
    "paths": "no protected path is touched",
}


def write_pull(evidence: FixEvidence) -> PullText:
    """Write title and body of the pull request."""
    number = evidence.brief.number
    closing = "" if number is None else f"Fixes #{number}"
    told = [f"{closing}." if closing else "", _write_cause(evidence)]
    proof = evidence.proof
    parts = [
        "" if evidence.verified else _UNVERIFIED,
        write_checks(evidence),
        list_quiet_gates(evidence.report),
        *_list_notes(evidence),
    ]
    parts += [
        _write_footer(evidence),
        fold_details(proof.failures if proof is not None else (), evidence.baseline),
    ]
    title = " ".join(evidence.brief.title.split())
    title = shortened(_KIND.sub("", title, count=1) or title, 100)
    return PullText(title=f"Fix: {title}", told=_join(told), evidence=_join(parts), closing=closing)


def write_patch(evidence: FixEvidence) -> str:
    """Write what a fix rests on that is handed over as a patch."""
    return _join([_write_cause(evidence), write_pull(evidence).evidence])


def write_failure(evidence: FixEvidence) -> str:
    """Say what was found, tried and seen where no verified fix came out of it."""
    parts = [
        "I could not produce a verified fix, so I opened no pull request.",
        *_list_notes(evidence),
        _write_cause(evidence),
    ]
    if evidence.proof is not None:
        parts.append(
            f"What I can show: the new test {_quote(evidence.proof.tests[0])} fails on the present code; it "
            f"{paragraph(evidence.proof.reason)}."
        )
        files = evidence.proof.files.files
        room = 8000 // max(1, len(files))
        shown = (f"{_quote(path)}\n\n{code_block((text or '')[:room])}" for path, text in files.items())
        parts.append(folded("The failing test", "\n\n".join(shown)))
    if evidence.report is not None:
        failed = [gate for gate in evidence.report.failed() if gate.detail]
        parts.append(write_checks(evidence))
        parts += [folded(f"Not passed: {gate.name}", code_block(gate.detail[:3000])) for gate in failed]
        parts.append(folded("The change that failed the checks", code_block(evidence.report.diff, "diff")))
    parts += _write_objection(evidence)
    parts += [_write_footer(evidence), _write_next_step(evidence)]
    return _join(parts)


def _write_objection(evidence: FixEvidence) -> list[str]:
    """Say what the judge holds against the change."""
    judgement = evidence.judgement
    if judgement is None or judgement.passed:
        return []
    if judgement.failing_input:
        named = f"A second model names an input that still fails: {_quote(judgement.failing_input)}."
        return [f"{named} {_shorten(judgement.reason)}".strip()]
    return [f"A second model objects: {_shorten(judgement.reason) or 'it gave no reason.'}"]


def write_refusal(evidence: FixEvidence, refusal: Refusal) -> str:
    """Write why a finished fix could not be published, and all it holds."""
    report = evidence.report
    parts = [
        "I finished this fix, but I could not publish it.",
        f"**Why.**\n\n{code_block(shortened(refusal.reason, _SAID))}",
        f"**What to change.** {refusal.advice} Then write `/retry`: the finished change is kept, and no model is asked "
        "for it again.",
        _write_cause(evidence),
        write_checks(evidence),
        list_quiet_gates(report),
        *_list_notes(evidence),
        folded("The change, with its test", code_block(report.diff, "diff")) if report is not None else "",
        _write_footer(evidence),
    ]
    return _join(parts)


def write_notice(evidence: FixEvidence, number: int) -> str:
    """Write the one comment that notifies."""
    if not evidence.verified:
        return f"I opened #{number} as a draft: the fix is **not verified**. The pull request says what is missing."
    proof = ""
    if evidence.proof is not None:
        first, *others = evidence.proof.tests
        proof = f" The new test {_quote(first)} failed before and passes now."
        if others:
            proof = f" The new test {_quote(first)} and {len(others)} more failed before and pass now."
    return f"I opened #{number} with a fix.{proof} Cost {expense(evidence.cost.dollars, evidence.cost.calls)}."


def write_checks(evidence: FixEvidence) -> str:
    """Write the table of checks; each cell comes from what ran or looked."""
    proof = evidence.proof
    base = evidence.baseline
    report = evidence.report
    rows: list[list[str]] = []
    gates = {gate.name: gate for gate in report.gates} if report is not None else {}
    if proof is not None:
        after = gates["proof"].after if "proof" in gates else "not run"
        rows += list_proof_rows(proof.failures, after)
    if base is not None and "regressions" in gates:
        rows.append([name_baseline(base), gates["regressions"].before, gates["regressions"].after])
    if "lint" in gates:
        rows.append(["pyflakes on the changed files", gates["lint"].before, gates["lint"].after])
    rows += [
        [name, "", f"{gate.after} — **not passed**"]
        for name, gate in gates.items()
        if not gate.passed and name not in _OWN_ROW
    ]
    if evidence.judgement is not None:
        found = "names a failing input" if evidence.judgement.failing_input else "objects"
        said = "no failing input found" if evidence.judgement.passed else f"{found} — **not passed**"
        rows.append([f"read by a second model call ({evidence.judgement.model})", "", said])
    return table(["check", "before", "after"], rows) if rows else ""


def list_proof_rows(failures: Sequence[Failure], after: str, where: str = "") -> list[list[str]]:
    """Return a row for each of the first new tests: how it fails, and now."""
    more = len(failures) - _ROWS
    rows = []
    for failure in failures[:_ROWS]:
        # Without its file, which the diff shows: a long first column would squeeze the others.
        test = _quote(failure.test.rpartition("::")[2] or failure.test)
        said = (summarise(failure.message) or "no message").removeprefix("AssertionError: ")
        rows.append([f"{test} (new)", f"fails{where}: {inline_code(shortened(said, 100))}", after])
    return [*rows, [f"{more} more new tests", f"fail{where}", after]] if more > 0 else rows


def name_baseline(base: Baseline) -> str:
    """Name what was run before and after: tests, or one exit code."""
    if base.whole:
        return f"the test command as a whole ({base.scope})"
    tests = len(set(base.verdicts) - set(base.unloaded))
    return f"{'' if base.targets else 'all '}{tests} tests ({base.scope})"


def _quote(text: str) -> str:
    return inline_code(shortened(text, _LONGEST))


def list_quiet_gates(report: GateReport | None) -> str:
    """Name the gates that found nothing, in one sentence."""
    gates = {gate.name: gate for gate in report.gates if gate.passed} if report is not None else {}
    said = [text for name, text in _QUIET.items() if name in gates]
    if "size" in gates:
        said.append(gates["size"].after)
    return f"Also checked by code: {', '.join(said)}." if said else ""


def _write_cause(evidence: FixEvidence) -> str:
    lines = []
    if evidence.cause:
        lines.append(f"**Cause.** {_shorten(evidence.cause)}")
    if evidence.change:
        lines.append(f"**Change.** {_shorten(evidence.change)}")
    return "\n".join(lines)


def _shorten(text: str) -> str:
    return shortened(paragraph(text), _SAID)


def _join(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _list_notes(evidence: FixEvidence) -> list[str]:
    report = evidence.report
    if report is None:
        return list(evidence.notes)
    named = listed([_quote(test) for test in report.flaky], _FLAKY)
    flaky = [f"These tests failed once and passed when run again: {named}."] if report.flaky else []
    return [*evidence.notes, *report.notes, *flaky]


def write_run(base: Baseline | None, report: GateReport | None, cost: str) -> str:
    """Say what ran where, and what it cost."""
    if base is None:
        return cost
    where = "sandbox without network" if base.tier != "process" else "plain process, not a sandbox"
    # whole, however long: a command cut short is not the one that ran
    command = inline_code(report.command if report is not None and report.command else base.command)
    head = f"Ran in a {base.tier} {where}" if base.tier != "process" else f"Ran in a {where}"
    return f"{head}: {command}.{_WEAKER.get(base.tier, '')} {cost}"


def _write_footer(evidence: FixEvidence) -> str:
    return write_run(evidence.baseline, evidence.report, f"Cost {expense(evidence.cost.dollars, evidence.cost.calls)}.")


def fold_details(failures: Sequence[Failure], base: Baseline | None) -> str:
    """Fold what few will read: failures in full, and the installation."""
    found = []
    if failures:
        text = "\n\n".join(failure.message for failure in failures[:3])
        found.append(folded("How the new test fails without the change", code_block(text[:6000])))
    if base is not None and base.setup:
        lines = (
            f"- {inline_code(run.command)}: {'ok' if run.ok else 'failed'}, {duration(run.seconds)}"
            for run in base.setup
        )
        found.append(folded("How it was set up", "\n".join(lines)))
    return "\n\n".join(found)


def _write_next_step(evidence: FixEvidence) -> str:
    """Say how to go on: to complete the issue only if no test showed it."""
    label = evidence.task.source_label
    again = f"remove the label {inline_code(label)} and add it again" if label else "ask again"
    if evidence.proof is None and evidence.baseline is not None:
        return f"If the issue is missing an input or the expected or actual result, add it, then {again}."
    return f"For another attempt, {again}."
