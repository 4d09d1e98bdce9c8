"""Write a review for GitHub; every claim comes from what ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.github.resources.checks import Annotation, CheckReport, Conclusion
from bot.markdown import code_block, counted, expense, folded, inline_code, joined, listed, paragraph, shortened, table
from bot.pulls.records import (
    RISK_RANK,
    SEVERITIES,
    PlacedFinding,
    ReviewResult,
    VerifierCommand,
)
from bot.pulls.skipped import READ_BEFORE
from bot.work.results import Remark
from handlers.review.buttons import REVIEW_AGAIN
from handlers.revise.buttons import FIX_THESE

_ROWS = 60
_NAMED = 40
_UNRULED = 8
_QUOTE = 160
_OPEN_TABLE = 12
_BROKEN = 3


def write_comment(one: PlacedFinding, suggestion: str) -> str:
    """Write an inline comment: what is wrong, a suggestion, what proves it."""
    finding = one.finding
    verdict = one.verdict
    failing = verdict.failing_input if verdict is not None and verdict.failing_input else finding.failing_input
    parts = [f"**{finding.severity.capitalize()}: {paragraph(finding.title)}**"]
    parts += [paragraph(finding.claim)] if finding.claim else []
    parts += [f"**Fails for:** {paragraph(failing)}"] if failing else []
    parts += [suggestion] if suggestion else []
    tried = [_show_command(verdict.tried)] if one.proved and verdict is not None and verdict.tried is not None else []
    return "\n\n".join(
        [*parts, *tried, f"<sub>{_cite_proof(one)}</sub>", *(write_comment(each, "") for each in one.also)]
    )


def list_remarks(result: ReviewResult, kept: Sequence[str] = ()) -> tuple[Remark, ...]:
    """List what stands on lines, for whoever does not see the pull request.

    ``kept`` are its texts where they stand nowhere else.
    """
    texts = kept or [write_comment(one, "") for one in result.inline]
    placed = zip((one.finding for one in result.inline), texts, strict=True)
    return tuple(Remark(path=finding.path, line=finding.line, text=text) for finding, text in placed)


def write_review(result: ReviewResult) -> str:
    """Write the review's own words; the summary comment has the rest."""
    return f"{_count_findings(result.found).capitalize()}. What was read, and how, is in the summary comment."


def write_sentence(result: ReviewResult) -> str:
    """Say in one or two sentences how the review ended."""
    locked = "The conversation is locked, so I could not comment on lines." if result.locked else ""
    parts = (_describe_reading(result), _name_broken_tests(result), _describe_follow_up(result), locked)
    return " ".join(part for part in parts if part)


def _describe_reading(result: ReviewResult) -> str:
    if not result.read:
        return "I checked my open findings again, but did not read the rest of the push; `/review` does."
    if not result.files:
        return "The pull request changes no files, so there was nothing to read."
    wanted = [file for file in result.files if file.left_out is None]
    said = _count_findings(result.found) or "no findings"
    if result.unread:
        heard = len(wanted) - len(result.unread)
        if not heard:
            return f"I could not read the {counted(len(wanted), 'changed file')}; the reasons are below."
        return f"I read {heard} of {len(wanted)} changed files: {said}. The others are named below, with the reason."
    if not wanted:
        return "I read none of the changed files; the reasons are below."
    files = _count_read(len(wanted), len(result.files))
    files += f" ({len(result.in_part)} only in part)" if result.in_part else ""
    if result.missed:
        concerns = " and ".join(dict.fromkeys(name for one in result.missed for name in one.concerns))
        return f"I read {files}, but not everything for {concerns}: {said}. The reason is below."
    if not result.inline and not result.folded:
        more = " else" if result.since.open or result.nearest.broken else ""
        return f"I read {files} and found nothing{more} wrong."
    return f"I read {files}: {said}."


def _count_read(read: int, changed: int) -> str:
    if read < changed:
        return f"{read} of {changed} changed files"
    return "the one changed file" if read == 1 else f"all {read} changed files"


def _name_broken_tests(result: ReviewResult) -> str:
    """Name the nearest tests that pass without the change and fail with it."""
    broken = [inline_code(one.id) for one in result.nearest.broken]
    if not broken:
        return ""
    names = listed(broken, _BROKEN)
    if len(broken) == 1:
        return f"One of the nearest tests passes without the change and fails with it: {names}."
    return f"{len(broken)} of the nearest tests pass without the change and fail with it: {names}."


def _describe_follow_up(result: ReviewResult) -> str:
    ends = {
        "fixed": result.since.fixed,
        "disputed": result.since.disputed,
        "still open": result.since.open,
        "back again": result.since.back,
    }
    told = [f"{len(titles)} {end}" for end, titles in ends.items() if titles]
    return f"Earlier findings: {', '.join(told)}." if told else ""


def write_summary(result: ReviewResult) -> str:
    """Write the summary comment, one line where there is nothing to say."""
    if result.quiet and any(file.left_out is None for file in result.files):
        left_out = sum(file.left_out is not None for file in result.files)
        rest = "the other" if left_out == 1 else f"the other {left_out}"
        more = f" The check run says why I left out {rest}." if left_out else ""
        return f"{write_sentence(result)}{more} <sub>{_write_cost(result)}</sub>"
    return _write_report(result)


def make_check_report(result: ReviewResult) -> CheckReport:
    """Make the check run at its end."""
    fixable = result.inline or result.since.open or result.since.back
    return CheckReport(
        title=_write_title(result),
        summary=_write_report(result),
        conclusion=_conclude(result),
        actions=(REVIEW_AGAIN, FIX_THESE) if fixable else (REVIEW_AGAIN,),
        annotations=tuple(_make_annotations(result)),
    )


def _write_report(result: ReviewResult) -> str:
    parts = [
        _write_head(result),
        _fold_findings(result),
        _list_unread(result),
        _write_changes(result),
        _write_checks(result),
    ]
    return joined(parts)


def _conclude(result: ReviewResult) -> Conclusion:
    if result.blocks:
        return "failure"
    since = result.since
    said = result.inline or result.folded or since.open or since.back or result.nearest.broken
    return "success" if result.complete and not said else "neutral"


def _write_title(result: ReviewResult) -> str:
    if result.unread:
        return f"Not complete: {counted(len(result.unread), 'file')} could not be read"
    if result.missed:
        return f"Not complete: {len(result.missed)} of {result.readings} readings gave no answer"
    found = _count_findings(result.found)
    still = f"{len(result.since.open)} still open" if result.since.open else ""
    back = f"{len(result.since.back)} back again" if result.since.back else ""
    broken = result.nearest.broken
    tests = counted(len(broken), "broken test") if broken else ""
    return ", ".join(part for part in (found, tests, still, back, _note_unread(result)) if part) or "No findings"


def _note_unread(result: ReviewResult) -> str:
    """Say in a title what was not read: this was no full review."""
    wanted = [file for file in result.files if file.left_out is None]
    if not result.read:
        return f"{counted(len(wanted), 'changed file')} not read"
    if not any(file.left_out in {None, READ_BEFORE} for file in result.files):
        return "Nothing to read"
    count = len(result.in_part)
    return f"{counted(count, 'file')} read only in part" if count else ""


def _write_head(result: ReviewResult) -> str:
    used = {one.finding.severity for one in (*result.inline, *result.folded)}
    words = "; ".join(f"*{name}*: {meaning}" for name, meaning in SEVERITIES.items() if name in used)
    return write_sentence(result) + (f"\n\n<sub>{words}.</sub>" if words else "")


def _count_findings(findings: Iterable[PlacedFinding]) -> str:
    """Write ``2 bugs, 1 risk``."""
    counts = Counter(one.finding.severity for one in findings)
    return ", ".join(counted(counts[name], name) for name in SEVERITIES if counts[name])


def _fold_findings(result: ReviewResult) -> str:
    proved = [one for one in result.folded if one.proved]
    others = [one for one in result.folded if not one.proved]
    blocks = []
    if proved:
        why = "minor or not on a changed line"
        title = f"{len(proved)} proved" if result.locked else f"{len(proved)} more, proved, but {why}"
        blocks.append(folded(title, "\n".join(_write_line(one) for one in proved)))
    if others:
        title = f"{len(others)} unproved: take them as questions"
        blocks.append(folded(title, "\n".join(_write_line(one) for one in others)))
    return "\n\n".join(blocks)


def _write_line(one: PlacedFinding) -> str:
    finding = one.finding
    place = inline_code(f"{finding.path}:{finding.line}" if finding.line else finding.path)
    title = paragraph(finding.title).rstrip(".")
    claim = f" {paragraph(shortened(finding.claim, 400))}" if finding.claim else ""
    if one.proved:
        why = _cite_proof(one)
    elif finding.severity == "nit":
        why = "Not proved: nits are not verified."
    elif one.verdict is None:
        why = "Not proved: only the most severe findings are verified."
    else:
        why = f"Not proved: {paragraph(shortened(one.verdict.reason, 300)).rstrip('.')}."
    return f"- **{finding.severity}** {place}: {title}.{claim} *{why}*"


def _cite_proof(one: PlacedFinding) -> str:
    """Cite the command that makes it true, or the verifier's quote."""
    finding = one.finding
    verdict = one.verdict
    if finding.source != "model":
        return f"Reported by {inline_code(finding.source)}, and new with this change."
    if verdict is None or verdict.fate != "verified":
        return "Not proved."
    quote = inline_code(shortened(" ".join(verdict.quote.split()), _QUOTE))
    where = inline_code(f"{verdict.path}:{verdict.line}")
    where = f"the removed {where}" if verdict.removed else where
    return f"Checked by a second reading ({verdict.model}), which shows {where}: {quote}"


def _show_command(tried: VerifierCommand) -> str:
    """Fold what ran, without the change and with it, and what came out."""
    title = f"Tried in the sandbox: {tried.ended}"
    parts = [code_block(tried.command, "sh")]
    if tried.before_ended:
        title = f"{title} now, {tried.before_ended} before the change"
        parts += [_show_output("Output now", tried.output), _show_output("Output before", tried.before_output)]
    else:
        parts.append(_show_output("Output", tried.output))
    return folded(title, "\n\n".join(parts))


def _show_output(label: str, output: str) -> str:
    return f"{label}:\n\n{code_block(output, 'text')}" if output.strip() else f"{label}: none."


def _list_unread(result: ReviewResult) -> str:
    """List what should have been read and was not, and what was left out."""
    lines = [f"- {inline_code(path)}: {paragraph(why)}" for path, why in sorted(result.unread.items())]
    lines += [
        f"- {counted(len(one.paths), 'file')} for {' and '.join(one.concerns)}: {paragraph(one.reason)}"
        for one in result.missed
    ]
    missing = "**Not read, though it should have been:**\n" + "\n".join(_limit_lines(lines)) if lines else ""
    parts = [f"- {inline_code(path)}: {why}" for path, why in sorted(result.in_part.items())]
    partly = "**Read only in part:**\n" + "\n".join(_limit_lines(parts)) if parts else ""
    out = [f"- {inline_code(file.path)}: {file.left_out}" for file in result.files if file.left_out is not None]
    left = folded(f"Not read: {counted(len(out), 'file')}", "\n".join(_limit_lines(out))) if out else ""
    return joined((missing, partly, left))


def _write_changes(result: ReviewResult) -> str:
    """List what changed, file by file, riskiest first."""
    read = sorted((file for file in result.files if file.left_out is None), key=lambda file: RISK_RANK[file.risk])
    rows: list[list[str]] = []
    for file in read[:_ROWS]:
        said = f"{paragraph(file.change)} " if file.change else ""
        moved = f", was {inline_code(file.old_path)}" if file.old_path != file.path else ""
        changed = f"{said}({file.status}, +{file.added} -{file.removed}{moved})"
        rows.append([inline_code(file.path), changed, f"{file.risk}: {file.why}" if file.why else file.risk])
    if not rows:
        return ""
    more = f"\n\nand {len(read) - _ROWS} more files." if len(read) > _ROWS else ""
    text = table(["file", "what changed", "risk"], rows) + more
    return text if len(rows) <= _OPEN_TABLE else folded(f"What changed in {counted(len(read), 'file')}", text)


def _write_checks(result: ReviewResult) -> str:
    """Say what ran, what did not, what was thrown away, and what it cost."""
    missing = [f"{each.tool} ({paragraph(shortened(each.reason, 200))})" for each in result.static.not_run]
    ran = [f"{run.tool} {run.version} on {counted(run.files, 'file')}" for run in result.static.ran]
    lines: list[str] = []
    if result.models:
        names = ", ".join(inline_code(name) for name in result.models)
        readings = counted(result.readings, "reading")
        lines.append(f"{readings}, then each claim on its own, by {names}; quotes were looked up by code.")
    lines += [f"{', '.join(ran)}: only what is new on changed lines counts."] if ran else []
    lines.append(_list_unruled(result))
    lines += [f"Not run: {', '.join(missing)}."] if missing else []
    lines += [_count_dropped(result), _describe_tests(result)]
    lines += [f"In the sandbox: {paragraph(shortened(result.trouble, 300))}."] if result.trouble else []
    issues = ", ".join(f"#{number}" for number in result.issues)
    lines += [f"Checked against {issues}."] if issues else []
    body = "\n".join(f"- {line}" for line in lines if line)
    return f"{folded('How this was checked', body)}\n\n<sub>{_write_cost(result)}</sub>"


def _list_unruled(result: ReviewResult) -> str:
    """Name the files of which no tool knows the language."""
    named = listed([inline_code(path) for path in result.static.unruled], _UNRULED)
    return f"No tool has rules for {named}: only secrets were looked for there." if named else ""


def _describe_tests(result: ReviewResult) -> str:
    """Say how the nearest tests ended, or why they did not run."""
    nearest = result.nearest
    if nearest.problem:
        # What could not be installed is told once.
        return "" if result.trouble else f"The nearest tests did not run: {paragraph(nearest.problem).rstrip('.')}."
    # whole, however long: a command cut short is not the one that ran
    return f"The nearest tests ({inline_code(nearest.command)}): {nearest.counts}." if nearest.counts else ""


def _count_dropped(result: ReviewResult) -> str:
    counts = result.dropped
    said = {
        "refuted": counts.refuted,
        "about code that does not exist": counts.invented,
        "reported twice": counts.repeated,
        "already in a thread": counts.known,
        "malformed": counts.unusable,
        "repeats of an analyser's rule": counts.alike,
        "too many to list": counts.beyond,
    }
    told = [f"{number} {words}" for words, number in said.items() if number]
    return f"Dropped: {', '.join(told)}." if told else ""


def _write_cost(result: ReviewResult) -> str:
    at = inline_code(result.head_sha[:10])
    if result.reused:
        return f"{at} was already reviewed under the same rules, so no model was asked."
    cost = expense(result.dollars, result.calls)
    return f"Read at {at}. Cost {cost}. `/review` reads it again, `/help` lists commands."


def _make_annotations(result: ReviewResult) -> Iterable[Annotation]:
    """Annotate what is proved and has lines of the head, but no comment."""
    for one in result.folded:
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


def _limit_lines(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _NAMED
    return [*lines[:_NAMED], *([f"- and {more} more"] if more > 0 else [])]
