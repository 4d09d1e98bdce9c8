"""How a review reads on GitHub: comments on lines, one summary comment, the check run. Words only from what ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.github.resources.checks import Annotation, CheckReport, Conclusion
from bot.markdown import code_block, folded, inline_code, money, paragraph, shortened, table
from bot.pulls.records import (
    RISK_RANK,
    SEVERITIES,
    ChangedFile,
    CoverageGap,
    PlacedFinding,
    ReviewResult,
    VerifierCommand,
)
from bot.pulls.skipped import READ_BEFORE
from handlers.review.buttons import REVIEW_AGAIN
from handlers.revise.buttons import FIX_THESE

_ROWS = 60
_NAMED = 40
_QUOTE = 160
_OPEN_TABLE = 12


def comment_text(one: PlacedFinding, suggestion: str) -> str:
    """Return an inline comment: what is wrong, what fails, how to mend it, what proves it; then what else is there."""
    finding, verdict = one.finding, one.verdict
    failing = verdict.failing_input if verdict is not None and verdict.failing_input else finding.failing_input
    parts = [f"**{finding.severity.capitalize()}: {paragraph(finding.title)}**"]
    parts += [paragraph(finding.claim)] if finding.claim else []
    parts += [f"**Fails for:** {paragraph(failing)}"] if failing else []
    parts += [suggestion] if suggestion else []
    tried = [_tried(verdict.tried)] if one.proved and verdict is not None and verdict.tried is not None else []
    return "\n\n".join([*parts, *tried, f"<sub>{_proof(one)}</sub>", *(comment_text(each, "") for each in one.also)])


def review_text(reviewed: ReviewResult) -> str:
    """Return the review's own words; the summary comment has the rest."""
    return f"{_counted(reviewed.found).capitalize()}. What was read, and how, is in the summary comment."


def sentence(reviewed: ReviewResult) -> str:
    """How it ended, in one or two sentences."""
    return " ".join(part for part in (_read(reviewed), _since(reviewed)) if part)


def _read(reviewed: ReviewResult) -> str:
    if not reviewed.read:
        return "I looked at my open remarks again; what else was pushed I did not read (`/review` does)."
    if not reviewed.files:
        return "The pull request changes no files, so there was nothing to read."
    wanted = [file for file in reviewed.files if file.left_out is None]
    said = _counted(reviewed.found) or "nothing to say on their lines"
    if reviewed.unread:
        heard = len(wanted) - len(reviewed.unread)
        if not heard:
            return f"I could not read the {len(wanted)} changed {_files(len(wanted))}; the reasons are below."
        return f"I read {heard} of {len(wanted)} changed files: {said}. The others are named below, with the reason."
    if not wanted:
        return "None of the changed files is one that I read; the reasons are below."
    files = f"{_how_many(len(wanted), len(reviewed.files))}{_partly(reviewed)}"
    if reviewed.missed:
        concerns = " and ".join(dict.fromkeys(name for one in reviewed.missed for name in one.concerns))
        return f"I read {files}, but not everything for {concerns}: {said}. The reason is below."
    if not reviewed.inline and not reviewed.folded:
        return f"I read {files} and found nothing{' else' if reviewed.since.open else ''} to say."
    return f"I read {files}: {said}."


def _how_many(read: int, changed: int) -> str:
    if read < changed:
        return f"{read} of {changed} changed files"
    return "the one changed file" if read == 1 else f"all {read} changed files"


def _partly(reviewed: ReviewResult) -> str:
    count = len(reviewed.in_part)
    return f" ({count} only in part)" if count else ""


def _since(reviewed: ReviewResult) -> str:
    """What became of earlier remarks."""
    ends = {
        "fixed": reviewed.since.fixed,
        "disputed": reviewed.since.disputed,
        "still open": reviewed.since.open,
        "back again": reviewed.since.back,
    }
    told = [f"{len(titles)} {end}" for end, titles in ends.items() if titles]
    return f"Of what I said before: {', '.join(told)}." if told else ""


def summary_text(reviewed: ReviewResult) -> str:
    """The summary comment. Where there is nothing to say it is one line."""
    if reviewed.quiet and any(file.left_out is None for file in reviewed.files):
        left_out = sum(file.left_out is not None for file in reviewed.files)
        rest = "the other" if left_out == 1 else f"the other {left_out}"
        more = f" The check run says why I left out {rest}." if left_out else ""
        return f"{sentence(reviewed)}{more} <sub>{_cost(reviewed)}</sub>"
    parts = [_head(reviewed), _folded_findings(reviewed), _unread(reviewed), _changes(reviewed), _checked(reviewed)]
    return "\n\n".join(part for part in parts if part)


def check_report(reviewed: ReviewResult) -> CheckReport:
    """Return the check run at its end."""
    fixable = reviewed.inline or reviewed.since.open or reviewed.since.back
    parts = [_head(reviewed), _folded_findings(reviewed), _unread(reviewed), _changes(reviewed), _checked(reviewed)]
    return CheckReport(
        title=_title(reviewed),
        summary="\n\n".join(part for part in parts if part),
        conclusion=_conclusion(reviewed),
        actions=(REVIEW_AGAIN, FIX_THESE) if fixable else (REVIEW_AGAIN,),
        annotations=tuple(_annotations(reviewed)),
    )


def _conclusion(reviewed: ReviewResult) -> Conclusion:
    if reviewed.blocks:
        return "failure"
    since = reviewed.since
    silent = not (reviewed.inline or reviewed.folded or since.open or since.back) and reviewed.complete
    return "success" if silent else "neutral"


def _title(reviewed: ReviewResult) -> str:
    if reviewed.unread:
        return f"Not complete: {len(reviewed.unread)} {_files(len(reviewed.unread))} could not be read"
    if reviewed.missed:
        return f"Not complete: {len(reviewed.missed)} of {reviewed.readings} readings gave no answer"
    found = _counted(reviewed.found)
    still = f"{len(reviewed.since.open)} still open" if reviewed.since.open else ""
    back = f"{len(reviewed.since.back)} back again" if reviewed.since.back else ""
    return ", ".join(part for part in (found, still, back, _not_read(reviewed)) if part) or "Nothing to say"


def _not_read(reviewed: ReviewResult) -> str:
    """Return what a title has to say so that nobody takes the check for a reading of everything."""
    wanted = [file for file in reviewed.files if file.left_out is None]
    if not reviewed.read:
        return f"{len(wanted)} changed {_files(len(wanted))} not read"
    if not any(file.left_out in {None, READ_BEFORE} for file in reviewed.files):
        return "Nothing to read"
    count = len(reviewed.in_part)
    return f"{count} {_files(count)} read only in part" if count else ""


def _head(reviewed: ReviewResult) -> str:
    return f"{sentence(reviewed)}{_meanings(reviewed)}"


def _meanings(reviewed: ReviewResult) -> str:
    used = {one.finding.severity for one in (*reviewed.inline, *reviewed.folded)}
    words = "; ".join(f"*{name}*: {meaning}" for name, meaning in SEVERITIES.items() if name in used)
    return f"\n\n<sub>{words}.</sub>" if words else ""


def _counted(findings: Iterable[PlacedFinding]) -> str:
    """``2 bugs, 1 risk``."""
    counts = Counter(one.finding.severity for one in findings)
    return ", ".join(f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}" for name in SEVERITIES if counts[name])


def _folded_findings(reviewed: ReviewResult) -> str:
    proved = [one for one in reviewed.folded if one.proved]
    others = [one for one in reviewed.folded if not one.proved]
    blocks = []
    if proved:
        title = f"{len(proved)} more, proved, but small or without a place on a changed line"
        blocks.append(folded(title, "\n".join(_line(one) for one in proved)))
    if others:
        title = f"{len(others)} that nobody proved: take them as questions"
        blocks.append(folded(title, "\n".join(_line(one) for one in others)))
    return "\n\n".join(blocks)


def _line(one: PlacedFinding) -> str:
    finding = one.finding
    place = inline_code(f"{finding.path}:{finding.line}" if finding.line else finding.path)
    title = paragraph(finding.title).rstrip(".")
    claim = f" {paragraph(shortened(finding.claim, 400))}" if finding.claim else ""
    why = f" *{_proof(one)}*" if one.proved else f" *Not proved{_why(one)}.*"
    return f"- **{finding.severity}** {place}: {title}.{claim}{why}"


def _why(one: PlacedFinding) -> str:
    if one.finding.severity == "nit":
        return ": small things are not checked again"
    if one.verdict is None:
        return ": more was found than is checked"
    return f": {paragraph(shortened(one.verdict.reason, 300)).rstrip('.')}"


def _proof(one: PlacedFinding) -> str:
    """What makes it true: the command that says so, or the code that a second reading quoted."""
    finding, verdict = one.finding, one.verdict
    if finding.source != "model":
        return f"Says {inline_code(finding.source)}, and did not before this change."
    if verdict is None or verdict.fate != "verified":
        return "Not proved."
    quote = inline_code(shortened(" ".join(verdict.quote.split()), _QUOTE))
    where = inline_code(f"{verdict.path}:{verdict.line}")
    where = f"the removed {where}" if verdict.removed else where
    return f"Checked by a second reading ({verdict.model}), which shows {where}: {quote}"


def _tried(tried: VerifierCommand) -> str:
    """Show what was run, without the change and with it, and what came out: one line until somebody opens it."""
    title = f"Tried in the sandbox: {tried.ended}"
    wrote = _wrote(tried.output)
    if tried.before_ended:
        title = f"{title} now, {tried.before_ended} before the change"
        wrote = f"Now: {wrote}\n\nBefore the change: {_wrote(tried.before_output)}"
    return folded(title, f"{code_block(tried.command, 'sh')}\n\n{wrote}")


def _wrote(output: str) -> str:
    return f"It wrote:\n\n{code_block(output, 'text')}" if output.strip() else "It wrote nothing."


def _unread(reviewed: ReviewResult) -> str:
    """What should have been read and was not, and what was left out."""
    lines = [f"- {inline_code(path)}: {paragraph(why)}" for path, why in sorted(reviewed.unread.items())]
    lines += [f"- {_of(one)}: {paragraph(one.reason)}" for one in reviewed.missed]
    missing = "**Not read, though it should have been:**\n" + "\n".join(_some(lines)) if lines else ""
    parts = [f"- {inline_code(path)}: {why}" for path, why in sorted(reviewed.in_part.items())]
    partly = "**Read only in part:**\n" + "\n".join(_some(parts)) if parts else ""
    out = [f"- {inline_code(file.path)}: {file.left_out}" for file in reviewed.files if file.left_out is not None]
    left = folded(f"Not read: {len(out)} {_files(len(out))}", "\n".join(_some(out))) if out else ""
    return "\n\n".join(part for part in (missing, partly, left) if part)


def _of(one: CoverageGap) -> str:
    return f"{len(one.paths)} {_files(len(one.paths))} for {' and '.join(one.concerns)}"


def _changes(reviewed: ReviewResult) -> str:
    """What changed, file by file, riskiest first."""
    read = sorted((file for file in reviewed.files if file.left_out is None), key=lambda file: RISK_RANK[file.risk])
    rows = [[inline_code(file.path), _change(file), _risk(file)] for file in read[:_ROWS]]
    if not rows:
        return ""
    more = f"\n\nand {len(read) - _ROWS} more files." if len(read) > _ROWS else ""
    text = table(["file", "what changed", "risk"], rows) + more
    return text if len(rows) <= _OPEN_TABLE else folded(f"What changed in {len(read)} files", text)


def _change(file: ChangedFile) -> str:
    size = f"+{file.added} -{file.removed}"
    moved = f", was {inline_code(file.old_path)}" if file.old_path != file.path else ""
    said = f"{paragraph(file.change)} " if file.change else ""
    return f"{said}({file.status}, {size}{moved})"


def _risk(file: ChangedFile) -> str:
    return f"{file.risk}: {file.why}" if file.why else file.risk


def _checked(reviewed: ReviewResult) -> str:
    """What ran, what did not, what was thrown away, and what it cost."""
    lines = [_readers(reviewed), _tools(reviewed), _not_run(reviewed), _thrown_away(reviewed)]
    lines += [f"In the sandbox: {paragraph(shortened(reviewed.trouble, 300))}."] if reviewed.trouble else []
    lines += [f"Checked against {_numbers(reviewed.issues)}."] if reviewed.issues else []
    body = "\n".join(f"- {line}" for line in lines if line)
    return f"{folded('How this was checked', body)}\n\n<sub>{_cost(reviewed)}</sub>"


def _readers(reviewed: ReviewResult) -> str:
    if not reviewed.models:
        return ""
    names = ", ".join(inline_code(name) for name in reviewed.models)
    readings = f"{reviewed.readings} reading{'s' if reviewed.readings != 1 else ''}"
    return f"{readings}, then each claim on its own, by {names}; quotes were looked up by code."


def _tools(reviewed: ReviewResult) -> str:
    ran = [f"{run.tool} {run.version} on {run.files} {_files(run.files)}" for run in reviewed.static.ran]
    return f"{', '.join(ran)}: what is new on changed lines counts." if ran else ""


def _not_run(reviewed: ReviewResult) -> str:
    missing = [f"{each.tool} ({paragraph(shortened(each.reason, 200))})" for each in reviewed.static.not_run]
    return f"Not run: {', '.join(missing)}." if missing else ""


def _thrown_away(reviewed: ReviewResult) -> str:
    counts = reviewed.dropped
    said = {
        "refuted by the check": counts.refuted,
        "about code that is not there": counts.invented,
        "said twice": counts.repeated,
        "in a thread already": counts.known,
        "without the form asked for": counts.unusable,
        "of analysers that say the same again": counts.alike,
        "more than is listed": counts.beyond,
    }
    told = [f"{number} {words}" for words, number in said.items() if number]
    return f"Thrown away: {', '.join(told)}." if told else ""


def _cost(reviewed: ReviewResult) -> str:
    at = inline_code(reviewed.head_sha[:10])
    if reviewed.reused:
        return f"{at} was reviewed before under the same rules; nothing was asked again."
    calls = f"{reviewed.calls} model call{'s' if reviewed.calls != 1 else ''}"
    return f"Read at {at}. Cost {money(reviewed.dollars)}, {calls}. `/review` asks again, `/help` says what else."


def _annotations(reviewed: ReviewResult) -> Iterable[Annotation]:
    """What is proved and has lines of the head, but no comment there."""
    for one in reviewed.folded:
        finding = one.finding
        if one.proved and finding.line is not None and not finding.removed:
            yield Annotation(
                path=finding.path,
                start_line=finding.line,
                end_line=finding.line + finding.quote.count("\n"),
                annotation_level="warning" if finding.severity in {"blocker", "bug"} else "notice",
                title=shortened(finding.title, 250),
                message=finding.claim or finding.title,
            )


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _NAMED
    return [*lines[:_NAMED], *([f"- and {more} more"] if more > 0 else [])]


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


def _numbers(issues: Sequence[int]) -> str:
    return ", ".join(f"#{number}" for number in issues)
