"""Reads what was said in a pull request before a review speaks, and stores what it told: :mod:`bot.pulls.memory`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from pydantic import Field, ValidationError

from bot.github.api.client import Client
from bot.github.api.scopes import READ
from bot.github.resources import issues
from bot.github.resources.issues import IssueComment
from bot.github.resources.permissions import role_of
from bot.github.resources.threads import Thread, threads
from bot.pulls import diff
from bot.pulls.diff import Review
from bot.pulls.fingerprints import fingerprint
from bot.pulls.memory import (
    FindingStatus,
    Memory,
    ReportedFinding,
    Suppression,
    find_objections,
    find_suppressions,
    finding_of,
    from_row,
    report_finding,
    settle_by_thread,
    to_row,
)
from bot.pulls.records import PlacedFinding, ReviewPlan, ReviewResult, Subject
from bot.store import findings
from bot.store.findings import UNSETTLED, StoredFinding
from bot.types import JsonModel, Repository
from bot.work.services import Services

_BODY = 4_000
_OBJECTORS = 30


class DedupeResult(JsonModel):
    """``new`` was not said before; ``again`` the summary told before, and goes on telling while it is not settled.

    ``known`` counts what is said elsewhere by reason: ``told`` (in our threads), ``rejected``, ``thread``,
    ``conversation``.
    """

    new: tuple[PlacedFinding, ...]
    again: tuple[PlacedFinding, ...] = ()
    known: dict[str, int] = Field(default_factory=dict)


async def recall(services: Services, repository: Repository, number: int, author: str) -> Memory:
    """Our findings from the store; threads and conversation of ``author``'s pull request from GitHub.

    Two calls, and one for everybody but the author who objects to a finding.
    """
    rows = await services.store.run(lambda connection: findings.list_for_pull(connection, repository.full_name, number))
    github = await services.github.for_repository(repository, READ)
    found, said, bot = await asyncio.gather(
        threads(github, repository, number), issues.list_comments(github, repository, number), services.github.bot()
    )
    return Memory(
        bot_id=bot.id,
        author=author,
        deciders=(author, *await _writers(github, repository, _objectors(found, bot.id) - {author})),
        told=tuple(told for row in rows if (told := _told(row)) is not None),
        threads=tuple(_shortened(thread, bot.id) for thread in found),
        comments=tuple(_cut(one) for one in said if one.author_id != bot.id),
    )


async def is_stale(review: Review, subject: Subject, result: ReviewResult) -> bool:
    """Return whether people have settled something that a result calls open, so that it cannot be told again."""
    task = review.task
    memory = await recall(review.services, task.repository, task.number, subject.author)
    found = (one.finding.title for one in (*result.inline, *result.folded))
    open_then = {*found, *result.since.open, *result.since.back}
    return any(one.finding.title in open_then and not _is_open(one, memory) for one in memory.told)


def _is_open(one: ReportedFinding, memory: Memory) -> bool:
    """Whether a finding is unsettled in the store, and by what people say in its thread."""
    return one.state in UNSETTLED and settle_by_thread(FindingStatus(told=one, standing="stands"), memory).open


def _objectors(found: Iterable[Thread], bot_id: int) -> set[str]:
    ours = (thread for thread in found if finding_of(thread, bot_id) is not None)
    return {who for thread in ours for who, _ in find_objections(thread)}


async def _writers(github: Client, repository: Repository, logins: Iterable[str]) -> list[str]:
    """Those of the accounts that may write to the repository, as GitHub says; of very many only some are asked for."""
    asked = sorted(logins)[:_OBJECTORS]
    roles = await asyncio.gather(*(role_of(github, repository, login) for login in asked))
    return [login for login, role in zip(asked, roles, strict=True) if role is not None and role.at_least("write")]


async def dedupe(review: Review, looked: ReviewPlan, memory: Memory, claims: Sequence[PlacedFinding]) -> DedupeResult:
    """The findings without those that were said before, by us, by others, in whatever words; no model is asked."""
    names = [fingerprint(one.finding) for one in claims]
    repository = review.task.repository.full_name
    rejected = await review.services.store.run(lambda connection: findings.find_rejected(connection, repository, names))
    known = await asyncio.to_thread(
        find_suppressions, memory, [one.finding for one in claims], {row.fingerprint for row in rejected}
    )
    return _sifted(list(zip(claims, known, strict=True)), [one for one in memory.told if one.state == "folded"])


async def remember(
    review: Review,
    looked: ReviewPlan,
    inline: Sequence[PlacedFinding],
    folded: Sequence[PlacedFinding],
    comments: Sequence[int] = (),
) -> None:
    """Store what was told: ``inline`` in threads, ``folded`` in the summary; ``comments`` are the ids of the first.

    What is told in the summary again is stored as it was found first.
    """
    services, repository, number = review.services, review.task.repository.full_name, review.task.number
    rows = await services.store.run(lambda connection: findings.list_for_pull(connection, repository, number))
    known = {one.finding for row in rows if row.state == "folded" and (one := _told(row)) is not None}
    new = [(each, False) for each in inline] + [(each, True) for each in folded if each.finding not in known]
    ids = {each.finding: comment or None for each, comment in zip(inline, comments, strict=False)}
    head = await diff.read_texts(review, looked, looked.head_sha, {each.finding.path for each, _ in new})
    task_id, head_sha = review.task_id, looked.head_sha

    def told() -> list[StoredFinding]:
        found = [
            report_finding(each, task=task_id, head_sha=head_sha, text=head.get(each.finding.path, ""), folded=below)
            for each, below in new
        ]
        return [to_row(each, repository, number, comment=ids.get(each.finding)) for each in found]

    found = await asyncio.to_thread(told)
    await services.store.run(lambda connection: findings.remember(connection, found))


async def ignore(
    services: Services, repository: Repository, number: int, key: str | int, *, reason: str, actor: str
) -> StoredFinding | None:
    """Somebody who may rejects a finding, by fingerprint or by the id of any comment of its thread; None: no such one.

    It is not said again, here or in any other pull request of the repository.
    """
    name = key if isinstance(key, str) else await _named(services, repository, number, key)
    if name is None:
        return None
    return await services.store.run(
        lambda connection: findings.ignore(connection, repository.full_name, number, name, reason, actor)
    )


async def _named(services: Services, repository: Repository, number: int, comment: int) -> str | None:
    """The fingerprint of the finding in whose thread a comment stands."""
    github = await services.github.for_repository(repository, READ)
    found, bot = await asyncio.gather(threads(github, repository, number), services.github.bot())
    holders = (thread for thread in found if any(one.id == comment for one in thread.comments))
    return next((name for thread in holders if (name := finding_of(thread, bot.id)) is not None), None)


def _sifted(
    pairs: Sequence[tuple[PlacedFinding, Suppression | None]], folded: Sequence[ReportedFinding]
) -> DedupeResult:
    there = {one.fingerprint for one in folded}
    elsewhere = [known.reason for _, known in pairs if known is not None and known.fingerprint not in there]
    return DedupeResult(
        new=tuple(one for one, known in pairs if known is None),
        again=tuple(PlacedFinding(finding=one.finding, verdict=one.verdict, again=True) for one in folded),
        known={reason: elsewhere.count(reason) for reason in sorted(set(elsewhere))},
    )


def _told(row: StoredFinding) -> ReportedFinding | None:
    """None for a row of another version."""
    try:
        return from_row(row)
    except (TypeError, ValidationError):
        return None


def _shortened(thread: Thread, bot_id: int) -> Thread:
    """Long comments are cut, but for the mark at the end of our own."""
    if finding_of(thread, bot_id) is not None:
        return thread
    return thread.model_copy(
        update={"comments": tuple(one.model_copy(update={"body": one.body[:_BODY]}) for one in thread.comments)}
    )


def _cut(comment: IssueComment) -> IssueComment:
    return comment.model_copy(update={"body": comment.body[:_BODY]})
