"""Write a revision's results for GitHub: in threads, in the comment that notifies, in the pull request."""

from __future__ import annotations

from bot.change.refusals import Refusal
from bot.markdown import code_block, folded, inline_code, paragraph, shortened, table
from handlers.fix.words import also_checked, compared, details, proof_rows, ran, spent
from handlers.revise.records import Answered, Pushed, Reproof, Revised, results

_LONGEST = 90
_SAID = 4_000
_NOT_READ_AGAIN = {
    False: "Not done again: a second model's search for an input that still fails. It read the first version.",
    True: "**Not verified** when it was opened, and no second model has looked for an input that still fails since.",
}


def answer_text(answer: Answered, sha: str) -> str:
    """Write the answer in a thread."""
    if answer.met:
        return f"Done in {sha}. {paragraph(answer.why)}"
    return f"Not done in {sha[:10]}, so I leave this open. {paragraph(answer.why)}"


def done_text(evidence: Revised, reproof: Reproof | None, pushed: Pushed) -> str:
    """Write the comment once something was published.

    It says what was changed, what became of each demand and what was checked.
    """
    pairs = results(evidence)
    count = len(pairs)
    met = sum(answer.met for _, answer in pairs)
    asked = f"{met} of {count} demands"
    if count == 1:
        asked = "what was asked"
    elif met == count:
        asked = "both demands" if count == 2 else f"all {count} demands"
    where = f"I pushed {pushed.sha}" if pushed.sha else _suggested(pushed)
    parts = [
        f"{where} for {asked}.",
        f"**Change.** {paragraph(evidence.change)}" if evidence.change else "",
        _demands(evidence) if count > 1 or met < count else "",
        _not_proved(reproof),
        _checks(evidence, reproof),
        also_checked(evidence.report),
        *evidence.notes,
        _ran(evidence),
    ]
    return "\n\n".join(part for part in parts if part)


def evidence_text(evidence: Revised, reproof: Reproof, sha: str) -> str:
    """Write what our own pull request says once ``sha`` is its head.

    Only what was run or read again for it.
    """
    task = evidence.task
    why = "because its checks failed" if task.healing else f"as {task.actor.login} asked"
    parts = [
        f"**Revised** in {sha}, {why}: {shortened(paragraph(evidence.change), _SAID)} Cause and change above are those "
        "of the first version; what follows was run or looked at again for this commit.",
        _not_proved(reproof),
        _checks(evidence, reproof),
        f"{also_checked(evidence.report)} The whole pull request is {reproof.size}.".strip(),
        _NOT_READ_AGAIN[evidence.brief.unverified],
        _ran(evidence, "Cost of the revision:"),
        details(reproof.failures, evidence.baseline),
    ]
    return "\n\n".join(part for part in parts if part)


def nothing_text(evidence: Revised) -> str:
    """Write the comment where nothing was published: why, and what was tried."""
    report = evidence.report
    parts = ["I changed nothing in this pull request.", *evidence.notes]
    if report is None and evidence.claims.change:
        parts.append(f"The model that was to change it says: {shortened(paragraph(evidence.claims.change), _SAID)}")
    if report is not None and not report.passed:
        parts.append("What I tried did not pass: " + ", ".join(gate.name for gate in report.failed()) + ".")
    if report is not None:
        parts += [_demands(evidence), _checks(evidence, None)]
        parts.append(folded("The change that I did not publish", code_block(report.diff, "diff")))
    return "\n\n".join(part for part in [*parts, _ran(evidence)] if part)


def refused_text(evidence: Revised, refusal: Refusal) -> str:
    """Write the comment where a finished change could not be published.

    Why, what to change, and the change.
    """
    why = f"The change is finished and kept, but it could not be published: {refusal.reason} {refusal.advice}"
    return nothing_text(evidence.noted(f"{why} Then `/retry` publishes it."))


def _suggested(pushed: Pushed) -> str:
    many = f"{pushed.suggestions} suggestion{'' if pushed.suggestions == 1 else 's'}"
    return f"I posted {many} and the whole change as a patch"


def _demands(evidence: Revised) -> str:
    rows = [
        [_name(demand.place, demand.text), "done" if answer.met else "**not done**", paragraph(answer.why)]
        for demand, answer in results(evidence)
    ]
    return table(["asked", "", "by the reading of a second model call"], rows) if rows else ""


def _name(place: str, text: str) -> str:
    said = shortened(paragraph(text), _LONGEST)
    return f"{inline_code(place)} {said}" if place else said


def _checks(evidence: Revised, reproof: Reproof | None) -> str:
    gates = {gate.name: gate for gate in evidence.report.gates} if evidence.report is not None else {}
    rows = []
    if reproof is not None and reproof.failures:
        rows += proof_rows(reproof.failures, f"passes, {reproof.runs} of {reproof.runs}", " without the change")
    if evidence.baseline is not None and "regressions" in gates:
        rows.append([compared(evidence.baseline), gates["regressions"].before, gates["regressions"].after])
    if "lint" in gates:
        rows.append(["pyflakes on the changed files", gates["lint"].before, gates["lint"].after])
    return table(["check", "before", "after"], rows) if rows else ""


def _not_proved(reproof: Reproof | None) -> str:
    """Warn in bold, because the pull request once was proved."""
    problem = reproof.problem if reproof is not None else ""
    return f"**Not proved any more.** {problem}" if problem else ""


def _ran(evidence: Revised, cost: str = "Cost") -> str:
    told = ran(evidence.baseline, evidence.report, f"{cost} {spent(evidence.cost)}.")
    return told if evidence.brief.runs else f"Code of a fork is not run here: nothing was tested. {told}"
