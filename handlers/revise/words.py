"""Write a revision's results for GitHub."""

from __future__ import annotations

from bot.change.refusals import Refusal
from bot.change.words import fold_details, list_common_rows, list_proof_rows, list_quiet_gates, write_footer
from bot.markdown import code_block, counted, folded, inline_code, joined, paragraph, shortened, table
from handlers.revise.records import DemandAnswer, PublishedRevision, Reproof, RevisionEvidence, pair_answers

_LONGEST = 90
_SAID = 4_000
_NOT_READ_AGAIN = {
    False: "The second model checked only the first version; it was not asked again.",
    True: "**Not verified** when it was opened, and no second model has looked for an input that still fails since.",
}


def write_answer(answer: DemandAnswer, sha: str) -> str:
    """Write the answer in a thread."""
    if answer.met:
        return f"Done in {sha}. {paragraph(answer.why)}"
    return f"Not done in {sha[:10]}, so I leave this open. {paragraph(answer.why)}"


def write_result(evidence: RevisionEvidence, reproof: Reproof | None, published: PublishedRevision) -> str:
    """Write the comment once something was published."""
    where = f"I pushed {published.sha}"
    if not published.sha:
        where = f"I posted {counted(published.suggestions, 'suggestion')} and the whole change as a patch"
    return _write_done(evidence, reproof, where)


def write_patch(evidence: RevisionEvidence) -> str:
    """Write what a revision rests on that is handed over as a patch."""
    return _write_done(evidence, None, "I made a patch")


def _write_done(evidence: RevisionEvidence, reproof: Reproof | None, where: str) -> str:
    """Say what was changed, what became of each demand and what was checked."""
    pairs = pair_answers(evidence)
    count = len(pairs)
    met = sum(answer.met for _, answer in pairs)
    asked = f"{met} of {count} demands"
    if count == 1:
        asked = "what was asked"
    elif met == count:
        asked = "both demands" if count == 2 else f"all {count} demands"
    parts = [
        f"{where} for {asked}.",
        f"**Change.** {paragraph(evidence.change)}" if evidence.change else "",
        _write_demands(evidence) if count > 1 or met < count else "",
        _warn_unproved(reproof),
        _write_checks(evidence, reproof),
        list_quiet_gates(evidence.report),
        *evidence.notes,
        write_footer(evidence),
    ]
    return joined(parts)


def write_evidence(evidence: RevisionEvidence, reproof: Reproof, sha: str) -> str:
    """Write what our pull request says at ``sha``, all of it run again."""
    task = evidence.task
    why = "because its checks failed" if task.healing else f"as {task.actor.login} asked"
    parts = [
        f"**Revised** in {sha}, {why}: {shortened(paragraph(evidence.change), _SAID)} Cause and change above are those "
        "of the first version; what follows was run or looked at again for this commit.",
        _warn_unproved(reproof),
        _write_checks(evidence, reproof),
        f"{list_quiet_gates(evidence.report)} The whole pull request is {reproof.size}.".strip(),
        _NOT_READ_AGAIN[evidence.brief.unverified],
        write_footer(evidence, "Cost of the revision:"),
        fold_details(evidence, reproof.failures),
    ]
    return joined(parts)


def write_failure(evidence: RevisionEvidence) -> str:
    """Write the comment where nothing was published: why, and what was tried."""
    report = evidence.report
    parts = ["I changed nothing in this pull request.", *evidence.notes]
    if report is None and evidence.claims.change:
        parts.append(f"The model says: {shortened(paragraph(evidence.claims.change), _SAID)}")
    if report is not None and not report.passed:
        parts.append("What I tried did not pass: " + ", ".join(gate.name for gate in report.failed()) + ".")
    if report is not None:
        parts += [_write_demands(evidence), _write_checks(evidence, None)]
        parts.append(folded("The change that I did not publish", code_block(report.diff, "diff")))
    return joined([*parts, write_footer(evidence)])


def write_refusal(evidence: RevisionEvidence, refusal: Refusal) -> str:
    """Write why a finished change could not be published, and the change."""
    why = f"The change is finished and kept, but it could not be published: {refusal.reason} {refusal.advice}"
    return write_failure(evidence.noted(f"{why} Then `/retry` publishes it."))


def _write_demands(evidence: RevisionEvidence) -> str:
    rows = []
    for demand, answer in pair_answers(evidence):
        place = f"{inline_code(demand.place)} " if demand.place else ""
        asked = f"{place}{shortened(paragraph(demand.text), _LONGEST)}"
        rows.append([asked, "done" if answer.met else "**not done**", paragraph(answer.why)])
    return table(["asked", "", "second model's verdict"], rows) if rows else ""


def _write_checks(evidence: RevisionEvidence, reproof: Reproof | None) -> str:
    gates = {gate.name: gate for gate in evidence.report.gates} if evidence.report is not None else {}
    rows = []
    if reproof is not None and reproof.failures:
        rows += list_proof_rows(reproof.failures, f"passes, {reproof.runs} of {reproof.runs}", " without the change")
    rows += list_common_rows(evidence.updated(proof=None), gates)
    return table(["check", "before", "after"], rows) if rows else ""


def _warn_unproved(reproof: Reproof | None) -> str:
    """Warn in bold, because the pull request once was proved."""
    problem = reproof.problem if reproof is not None else ""
    return f"**No longer proved.** {problem}" if problem else ""
