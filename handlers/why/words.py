"""Write a diagnosis: only what logs, git and checks said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.markdown import code_block, counted, folded, inline_code, joined, listed
from handlers.why.records import Diagnosis, FailedJob, RedCommit

_TESTS = 10


def write_diagnosis(red: RedCommit, found: Diagnosis) -> str:
    """Write why a commit is red, the likeliest cause first."""
    parts = [_write_head(red)]
    parts += [_write_job(group[0], [job.name for job in group[1:]]) for group in _group(red.jobs)]
    if found.places:
        parts.append("**Where:** " + ", ".join(inline_code(place) for place in found.places))
    parts += [_write_range(red, found), _write_suspects(found), _write_difference(found)]
    if found.deeper:
        parts.append(f"**Deeper** (a model's words about the above):\n\n{found.deeper}")
    if found.problem:
        parts.append(f"I could not go deeper: {found.problem}")
    return joined(parts)


def _write_head(red: RedCommit) -> str:
    if not red.jobs:
        return f"The issue shows a stack trace. I looked for it in {red.branch} at {red.sha[:10]}."
    where = f" of {red.branch}" if red.branch else ""
    return f"**{counted(len(red.jobs), 'check')} failed** on {red.sha[:10]}{where}."


def _group(jobs: Sequence[FailedJob]) -> list[list[FailedJob]]:
    """Put together the jobs that fail for the same cause, as a matrix' do."""
    groups: dict[str, list[FailedJob]] = {}
    for job in jobs:
        groups.setdefault(job.cause or str(job.id), []).append(job)
    return list(groups.values())


def _write_job(job: FailedJob, others: Sequence[str] = ()) -> str:
    step = f", in its step {inline_code(job.step)}" if job.step else ""
    lines = [f"### {inline_code(job.name)}: {job.conclusion.replace('_', ' ')}{step}"]
    if others:
        lines.append(f"The same cause: {listed([inline_code(name) for name in others], 3)}.")
    if job.tests:
        shown = [f"- {inline_code(name)}" for name in job.tests[:_TESTS]]
        more = len(job.tests) - len(shown)
        lines += ["Failing tests:", "\n".join([*shown, *([f"- and {more} more"] if more else [])])]
    elif job.errors:
        lines += ["It says:", code_block("\n".join(job.errors[:3]))]
    if job.said:
        lines.append(code_block(job.said[:1_000]))
    if job.lines:
        lines.append(folded("The telling lines of its log", code_block(job.lines)))
    if job.note:
        lines.append(job.note)
    return "\n\n".join(lines)


def _write_range(red: RedCommit, found: Diagnosis) -> str:
    if not red.jobs:
        return ""
    if found.other:
        passed = f", and these checks last passed on {found.good[:10]}" if found.good else ""
        return (
            f"**Since when:** for this cause they first failed on {found.bad[:10]}; {found.other[:10]} failed for "
            f"another one{passed}. {counted(found.between, 'commit')} between the two can have brought it."
        )
    if found.good:
        return (
            f"**Since when:** these checks passed on {found.good[:10]} and first failed on {found.bad[:10]}; "
            f"{counted(found.between, 'commit')} between them can have brought it."
        )
    return f"**Since when:** not known. On none of the {found.checked} commits before it all of these checks passed."


def _write_suspects(found: Diagnosis) -> str:
    if not found.suspects:
        return ""
    rows = []
    for one in found.suspects:
        day = datetime.fromtimestamp(one.time, UTC).date().isoformat()
        rows.append(f"- {one.sha} {inline_code(one.subject or 'no subject')} ({day}): {'; '.join(one.reasons)}")
    basis = "in that range" if found.by_range else "by the trace alone, so look before you believe it"
    return f"**Suspected**, {basis}:\n\n" + "\n".join(rows)


def _write_difference(found: Diagnosis) -> str:
    said = [f"- {inline_code(path)} changed" for path in found.changed]
    said += [f"- {inline_code(version)}" for version in found.versions]
    return "**What else differs from the last green run:**\n\n" + "\n".join(said) if said else ""
