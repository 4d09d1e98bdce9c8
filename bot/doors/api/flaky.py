"""Read which tests of a repository fail by chance, and which are in quarantine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import Limit, Moment, RepositoryName, maybe_moment, moment
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.views import clean
from bot.policy import DefaultBranch
from bot.quarantine.entries import PATH, Entry, QuarantineError, read_entries
from bot.quarantine.overview import KnownTest, describe, find_names, list_keys
from bot.store import test_outcomes
from bot.store.test_outcomes import Examined
from bot.test_history.histories import History, list_histories
from bot.test_history.names import LONGEST
from bot.test_history.records import State
from bot.types import JsonModel, Repository
from bot.work.services import Services

operations = Operations("flaky")
_ISSUE = re.compile(r"#([0-9]{1,9})")
_TASK = re.compile(r"[0-9a-f]{12}")


class FlakyQuery(Sent):
    """The repository whose tests are wanted, and the part of the list."""

    repository: RepositoryName
    limit: Limit = 30
    cursor: Annotated[str, Field(min_length=1, max_length=LONGEST)] | None = Field(
        default=None, description="`next` of the page before this one"
    )


class VerdictView(JsonModel):
    """State that a history shows."""

    state: State
    reason: str


class HistoryView(JsonModel):
    """Ends of a test in a job of CI, from its first failure on."""

    job: str
    runs: int
    failed: int
    last_failed: Moment | None
    verdicts: tuple[VerdictView, ...] = Field(description="what it shows, the most urgent first; empty for nothing yet")


class ExaminedView(JsonModel):
    """Result of the newest examination in the sandbox."""

    kind: str = Field(description="class of the test, such as `victim` or `non-deterministic`")
    reason: str
    others: tuple[str, ...] = Field(description="tests that disturb it, or that it needs before it")
    commands: tuple[str, ...] = Field(description="show it again")
    task: str | None = Field(description="the task that examined it, where that is known")
    at: Moment


class QuarantineView(JsonModel):
    """Entry of the repository's list."""

    owner: str
    issue: str
    issue_url: str | None = Field(description="where `issue` is one of this repository's")
    reason: str
    since: date
    expires: date
    live: bool = Field(description="whether its failures are excused today")
    renewed: str = Field(description="why it was renewed, empty where it was not")


class FlakyTest(JsonModel):
    """A test, and what is known of it."""

    test: str
    history: tuple[HistoryView, ...]
    examined: ExaminedView | None
    quarantine: QuarantineView | None


class FlakyTests(JsonModel):
    """A page of tests, by name."""

    items: tuple[FlakyTest, ...]
    reports: int = Field(description="reports of CI that are kept: of 90 days, 1,000 at most")
    since: Moment | None = Field(description="when the oldest of them was made")
    problem: str = Field(description="why the list of quarantine excuses nothing, empty where it can be read")
    next: str | None = Field(description="`cursor` of the next page, null on the last one")


@operations.add("GET", "/flaky-tests", scope="read")
async def list_flaky_tests(context: Context, caller: Caller, query: FlakyQuery) -> FlakyTests:
    """List tests that may be flaky, by name.

    Those that failed at least twice in CI's reports of the default branch and the merge queue, that an examination
    told something of, or that are in quarantine. What is called flaky has a verdict or a class that says so.
    """
    services = context.services
    repository = await context.gate.readable(caller, query.repository, "list flaky tests")
    store = services.store
    entries, problem = await _read_list(services, repository)
    failures = await store.read(test_outcomes.count_failures, repository.id)
    examined = await store.read(test_outcomes.list_examined, repository.id)
    reports, since = await store.read(test_outcomes.count_reports, repository.id)
    behind = [key for key in list_keys(failures, examined, entries) if query.cursor is None or key > query.cursor]
    keys = behind[: query.limit]
    names = find_names(failures, set(keys))
    histories = list_histories(await store.read(test_outcomes.list_outcomes, repository.id, list(names)))
    known = [describe(key, names, histories, examined, entries) for key in keys]
    found = FlakyTests(
        items=_show_all(known, f"{services.settings.web_url}/{repository.full_name}"),
        reports=reports,
        since=maybe_moment(since),
        problem=problem,
        next=keys[-1] if len(behind) > query.limit else None,
    )
    return FlakyTests.model_validate(clean(services, found.model_dump(mode="json")))


async def _read_list(services: Services, repository: Repository) -> tuple[tuple[Entry, ...], str]:
    """Return the entries on the default branch, or why they excuse nothing."""
    file = await DefaultBranch(services.github).read(repository, PATH)
    try:
        return read_entries((file[0] or "") if file else ""), ""
    except QuarantineError as error:
        return (), f"`{PATH}` excuses nothing: {error.message}"


def _show_all(known: Sequence[KnownTest], home: str) -> tuple[FlakyTest, ...]:
    today = datetime.now(UTC).date()
    return tuple(
        FlakyTest(
            test=one.test,
            history=tuple(map(_show_history, one.histories)),
            examined=None if one.examined is None else _show_examined(one.examined),
            quarantine=None if one.entry is None else _show_entry(one.entry, home, today),
        )
        for one in known
    )


def _show_history(one: History) -> HistoryView:
    verdicts = tuple(VerdictView(state=each.state, reason=each.reason) for each in one.verdicts)
    last = maybe_moment(one.last)
    return HistoryView(job=one.job, runs=one.runs, failed=one.failed, last_failed=last, verdicts=verdicts)


def _show_examined(one: Examined) -> ExaminedView:
    task = str(one.data.get("task", ""))
    return ExaminedView(
        kind=one.kind,
        reason=str(one.data.get("reason", "")),
        others=tuple(map(str, one.data.get("others") or ())),
        commands=tuple(map(str, one.data.get("commands") or ())),
        task=task if _TASK.fullmatch(task) else None,
        at=moment(one.at),
    )


def _show_entry(one: Entry, home: str, today: date) -> QuarantineView:
    number = _ISSUE.fullmatch(one.issue)
    return QuarantineView(
        owner=one.owner,
        issue=one.issue,
        issue_url=f"{home}/issues/{number[1]}" if number else None,
        reason=one.reason,
        since=one.since,
        expires=one.expires,
        live=one.is_live(today),
        renewed=one.renewed or "",
    )
