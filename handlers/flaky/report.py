"""Write the report of a repository's tests from what CI told, what was examined, and the quarantine list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from bot.change.recipe import Job
from bot.github.api.errors import GitHubError
from bot.github.api.scopes import COMMENT, READ_ACTIONS, READ_CHECKS
from bot.github.resources import issues
from bot.github.text.markers import Marker
from bot.markdown import counted, inline_code, joined, table
from bot.quarantine.entries import PATH, Entry, QuarantineError, read_entries
from bot.store import test_outcomes
from bot.store.test_outcomes import Examined, StoredOutcome, StoredReport
from bot.test_history.histories import list_histories
from bot.test_history.notes import read_notes
from bot.test_history.reading import read_new
from bot.test_history.records import Verdict
from bot.types import JsonModel, Repository
from bot.work.services import Services
from handlers.flaky.records import FlakyStage

_ROWS = 25
_TITLE = "Flaky and bad tests"
_WHAT = {
    "broken": "fix it now",
    "delete or rewrite": "delete or rewrite it: your decision",
    "refactor": "refactor it",
    "flaky": "`/flaky TEST` finds out why",
}


class Report(JsonModel):
    """The report as Markdown; ``found`` counts what it names."""

    text: str
    found: int


async def read_history(job: Job[Any]) -> str:
    """Read what is new in CI's artifacts; return in words why not."""
    await job.stage(FlakyStage.HISTORY, "started")
    return await read_ci(job.services, job.task.repository)


async def read_ci(services: Services, repository: Repository) -> str:
    """Read what is new in checks and artifacts; return why not."""
    try:
        await read_notes(await services.github.for_repository(repository, READ_CHECKS), services.store, repository)
        client = await services.github.for_repository(repository, READ_ACTIONS)
        await read_new(client, services.store, repository)
    except GitHubError as error:
        return f"What CI reported could not be read: {error.message}"
    return ""


async def make_report(job: Job[Any], sha: str, problem: str) -> Report:
    """Judge the history, and write it down."""
    number = job.task.repository.id
    store = job.services.store
    outcomes = await store.run(test_outcomes.list_outcomes, number)
    reports = await store.run(test_outcomes.list_reports, number)
    examined = await store.run(test_outcomes.list_examined, number)
    mirror = await job.mirror(sha)
    listed = await mirror.read(sha, PATH) or ""
    report = write_report(outcomes, reports, examined, listed, datetime.now(UTC).date(), problem)
    await job.stage(FlakyStage.HISTORY, "done", f"{counted(report.found, 'test')} to look at")
    return report


def write_report(
    outcomes: Sequence[StoredOutcome],
    reports: Sequence[StoredReport],
    examined: Sequence[Examined],
    quarantine: str,
    today: date,
    problem: str = "",
) -> Report:
    """Write what a repository's history shows (pure)."""
    verdicts = judge_all(outcomes)
    shown = [one for one in examined if one.kind not in ("not shown", "not examined")]
    parts = [_write_source(reports), problem, _write_verdicts(verdicts), _write_examined(shown)]
    parts.append(_write_quarantine(quarantine, today))
    found = len({test for test, _ in verdicts} | {one.test for one in shown})
    if not found:
        parts.insert(2, "No test is known to be flaky or broken.")
    return Report(text=joined(parts), found=found)


def judge_all(outcomes: Sequence[StoredOutcome]) -> dict[tuple[str, str], tuple[Verdict, ...]]:
    """Return what the history says of each test, by the variant that says it."""
    return {(one.test, one.job): one.verdicts for one in list_histories(outcomes) if one.verdicts}


def _write_source(reports: Sequence[StoredReport]) -> str:
    if not reports:
        return (
            "CI has reported no tests yet. Upload JUnit files as an artifact (`actions/upload-artifact`); those of the "
            "default branch and of the merge queue are read."
        )
    counts = [one for one in reports if not one.left_out]
    left_out = len(reports) - len(counts)
    since = datetime.fromtimestamp(reports[0].at / 1000, UTC).date()
    return (
        f"From {counted(len(counts), 'report')} of CI on the default branch and the merge queue since {since}; "
        f"{left_out} more do not count (the run died, or nearly all failed)."
    )


def _write_verdicts(verdicts: Mapping[tuple[str, str], Sequence[Verdict]]) -> str:
    if not verdicts:
        return ""
    rows = [
        (inline_code(test), inline_code(variant), one.state, one.reason, _WHAT[one.state])
        for (test, variant), found in sorted(verdicts.items())
        for one in found
    ]
    return "\n\n".join(["### From history", table(("Test", "Job", "", "Why", "What to do"), rows[:_ROWS]), _more(rows)])


def _write_examined(examined: Sequence[Examined]) -> str:
    if not examined:
        return ""
    rows = [
        (inline_code(one.test), one.kind, str(one.data.get("reason", "")), _day(one.at)) for one in examined[:_ROWS]
    ]
    return "\n\n".join(["### From experiments", table(("Test", "Kind", "Why", "Examined"), rows), _more(examined)])


def _write_quarantine(text: str, today: date) -> str:
    try:
        entries = read_entries(text)
    except QuarantineError as error:
        return f"### In quarantine\n\n`{PATH}` excuses nothing: {error.message}"
    if not entries:
        return ""
    rows = [_row(one, today) for one in sorted(entries, key=lambda one: one.expires)]
    return "\n\n".join(
        ["### In quarantine", table(("Test", "Until", "Owner", "Issue", "Why"), rows[:_ROWS]), _more(rows)]
    )


def _row(entry: Entry, today: date) -> tuple[str, ...]:
    until = str(entry.expires) if entry.is_live(today) else f"expired {entry.expires}"
    return inline_code(entry.test), until, entry.owner, entry.issue, entry.reason


def _more(rows: Sequence[object]) -> str:
    return f"And {len(rows) - _ROWS} more." if len(rows) > _ROWS else ""


def _day(at: int) -> str:
    return str(datetime.fromtimestamp(at / 1000, UTC).date())


async def keep_issue(job: Job[Any], report: Report) -> int | None:
    """Write the report into the repository's one issue, opened when needed."""
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, COMMENT)
    bot = await job.services.github.bot()
    marker = Marker(task="flaky", part="report")
    body = job.services.outgoing(report.text)
    known = await issues.find_issue(github, repository, marker=marker, bot=bot)
    if known is None and not report.found:
        return None
    if known is None:
        known = await issues.ensure_issue(github, repository, _TITLE, body, marker=marker, bot=bot)
    else:
        await issues.update_issue(github, repository, known, {"body": body}, marker=marker)
    await job.audit(f"write issue #{known}", allowed=True, reason="`flaky.weekly` is set")
    return known
