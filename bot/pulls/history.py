"""Load what was said in a pull request, and store what a review reports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from pydantic import Field, ValidationError

from bot.github.api.client import Client
from bot.github.api.scopes import READ
from bot.github.resources import issues
from bot.github.resources.permissions import role_of
from bot.github.resources.threads import Thread, threads
from bot.pulls import diff
from bot.pulls.diff import Review
from bot.pulls.fingerprints import fingerprint
from bot.pulls.memory import Memory, ReportedFinding, finding_of, from_row, report_finding, to_row
from bot.pulls.outcomes import FindingStatus, find_objections, reopen, settle_by_thread
from bot.pulls.records import PlacedFinding, ReviewPlan, ReviewResult, Subject
from bot.pulls.suppressions import find_suppressions
from bot.store import findings
from bot.store.findings import UNSETTLED, StoredFinding
from bot.types import JsonModel, Repository
from bot.work.services import Services

# Characters of somebody else's comment that are kept: enough to compare and to show.
_BODY = 4_000
# People whose permission is looked up, one call each: a thread of strangers must not exhaust the rate limit.
_OBJECTORS = 30


class DedupeResult(JsonModel):
    """Findings to report, without those said before."""

    new: tuple[PlacedFinding, ...]
    again: tuple[PlacedFinding, ...] = ()  # in an earlier summary, listed until it is settled
    # those said elsewhere, counted by reason: told, rejected, thread, conversation
    known: dict[str, int] = Field(default_factory=dict)


async def recall(services: Services, repository: Repository, number: int, author: str) -> Memory:
    """Load our findings from the store, and threads and comments from GitHub.

    ``author`` opened the pull request. Two calls of the API, and one for each further person who objects to a finding.
    """
    rows = await services.store.run(findings.list_for_pull, repository, number)
    github = await services.github.for_repository(repository, READ)
    found, comments, bot = await asyncio.gather(
        threads(github, repository, number), issues.list_comments(github, repository, number), services.github.bot()
    )
    ours = [thread for thread in found if finding_of(thread, bot.id) is not None]
    objectors = {who for thread in ours for who, _ in find_objections(thread)}
    memory = Memory(
        bot_id=bot.id,
        author=author,
        deciders=(author, *await _find_writers(github, repository, objectors - {author})),
        told=tuple(one for row in rows if (one := _read_row(row)) is not None),
        threads=tuple(_shorten(thread, bot.id) for thread in found),
        comments=tuple(
            one.model_copy(update={"body": one.body[:_BODY]}) for one in comments if one.author_id != bot.id
        ),
    )
    return await asyncio.to_thread(reopen, memory)


async def is_stale(review: Review, subject: Subject, result: ReviewResult) -> bool:
    """Return whether people have changed their minds since a result.

    They have settled a finding that it calls open, or take back a rejection that it tells of: it cannot be reported
    again.
    """
    task = review.task
    memory = await recall(review.services, task.repository, task.number, subject.author)
    found = (one.finding.title for one in (*result.inline, *result.folded))
    open_then = {*found, *result.since.open, *result.since.back}

    def is_open(one: ReportedFinding) -> bool:  # neither the store nor its thread settles it
        return one.state in UNSETTLED and settle_by_thread(FindingStatus(told=one, standing="stands"), memory).open

    now_open = {one.finding.title: is_open(one) for one in memory.told}
    settled = any(title in open_then and not still for title, still in now_open.items())
    return settled or any(now_open.get(title, False) for title in result.since.disputed)


async def _find_writers(github: Client, repository: Repository, logins: Iterable[str]) -> list[str]:
    """Return which of the accounts, at most 30, may write."""
    asked = sorted(logins)[:_OBJECTORS]
    roles = await asyncio.gather(*(role_of(github, repository, login) for login in asked))
    return [login for login, role in zip(asked, roles, strict=True) if role is not None and role.at_least("write")]


async def dedupe(review: Review, memory: Memory, claims: Sequence[PlacedFinding]) -> DedupeResult:
    """Take out findings said before, by us or others; code compares words."""
    names = [fingerprint(one.finding) for one in claims]
    repository = review.task.repository
    rejected = await review.services.store.run(findings.find_rejected, repository, names)
    known = await asyncio.to_thread(
        find_suppressions, memory, [one.finding for one in claims], {row.fingerprint for row in rejected}
    )
    folded = [one for one in memory.told if one.state == "folded"]
    in_summary = {one.fingerprint for one in folded}
    reasons = [one.reason for one in known if one is not None and one.fingerprint not in in_summary]
    return DedupeResult(
        new=tuple(claim for claim, one in zip(claims, known, strict=True) if one is None),
        again=tuple(PlacedFinding(finding=one.finding, verdict=one.verdict, again=True) for one in folded),
        known={reason: reasons.count(reason) for reason in sorted(set(reasons))},
    )


async def remember(
    review: Review,
    plan: ReviewPlan,
    inline: Sequence[PlacedFinding],
    folded: Sequence[PlacedFinding],
    comments: Sequence[int] = (),
) -> None:
    """Store reported findings.

    Those ``inline`` are in threads, those ``folded`` in the summary. ``comments`` are the ids of the comments of
    ``inline``. A finding that the summary lists again stays stored as it was found first.
    """
    services = review.services
    repository = review.task.repository
    number = review.task.number
    rows = await services.store.run(findings.list_for_pull, repository, number)
    known = {one.finding for row in rows if row.state == "folded" and (one := _read_row(row)) is not None}
    new = [(each, False) for each in inline] + [(each, True) for each in folded if each.finding not in known]
    ids = {each.finding: comment or None for each, comment in zip(inline, comments, strict=False)}
    head = await diff.read_texts(review, plan, plan.head_sha, {each.finding.path for each, _ in new})

    def rows_to_store() -> list[StoredFinding]:
        found = [
            report_finding(
                each, task=review.task_id, head_sha=plan.head_sha, text=head.get(each.finding.path, ""), folded=below
            )
            for each, below in new
        ]
        return [to_row(each, comment=ids.get(each.finding)) for each in found]

    reported = await asyncio.to_thread(rows_to_store)
    await services.store.run(findings.remember, repository, number, reported)


async def ignore(
    services: Services, repository: Repository, number: int, key: str | int, *, reason: str, actor: str
) -> StoredFinding | None:
    """Reject a finding on behalf of someone with the permission to do so.

    ``key`` is its fingerprint, or the id of any comment of its thread. The finding is not reported again, here or in
    any other pull request of the repository. Returns None where there is no such finding.
    """
    name = key if isinstance(key, str) else await _find_fingerprint(services, repository, number, key)
    if name is None:
        return None
    return await services.store.run(findings.ignore, repository, number, name, reason, actor)


async def _find_fingerprint(services: Services, repository: Repository, number: int, comment: int) -> str | None:
    github = await services.github.for_repository(repository, READ)
    found, bot = await asyncio.gather(threads(github, repository, number), services.github.bot())
    holders = (thread for thread in found if any(one.id == comment for one in thread.comments))
    return next((name for thread in holders if (name := finding_of(thread, bot.id)) is not None), None)


def _read_row(row: StoredFinding) -> ReportedFinding | None:
    """Read a stored finding; None for a row of an incompatible version."""
    try:
        return from_row(row)
    except (TypeError, ValidationError):
        return None


def _shorten(thread: Thread, bot_id: int) -> Thread:
    """Cut long comments, but not ours: they end in a marker."""
    if finding_of(thread, bot_id) is not None:
        return thread
    return thread.model_copy(
        update={"comments": tuple(one.model_copy(update={"body": one.body[:_BODY]}) for one in thread.comments)}
    )
