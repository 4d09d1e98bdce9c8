"""Reads what was said in a pull request before a review speaks, and stores what it told: :mod:`bot.review.memory`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pydantic import Field, ValidationError

from bot.change.reading import READ
from bot.change.services import Services
from bot.github import issues
from bot.github.issues import IssueComment
from bot.github.threads import Thread, threads
from bot.review import change
from bot.review.change import Review
from bot.review.fingerprints import fingerprint, relocated
from bot.review.memory import Known, Memory, Told, finding_of, recalled, said_before, stored, tell
from bot.review.records import Looked, Settled
from bot.store import findings
from bot.store.findings import StoredFinding
from bot.types import JsonModel, Repository

_BODY = 4_000


class Sifted(JsonModel):
    """``new`` was not said before; ``again`` are findings that the summary told and goes on telling.

    ``known`` counts the others by reason: ``told``, ``rejected``, ``thread``, ``conversation``.
    """

    new: tuple[Settled, ...]
    again: tuple[Settled, ...] = ()
    known: dict[str, int] = Field(default_factory=dict)


async def recall(services: Services, repository: Repository, number: int) -> Memory:
    """Our findings from the store; threads and conversation of the pull request from GitHub (two calls)."""
    rows = await services.store.run(lambda connection: findings.of_pull(connection, repository.full_name, number))
    github = await services.github.for_repository(repository, READ)
    found, said, bot = await asyncio.gather(
        threads(github, repository, number), issues.list_comments(github, repository, number), services.github.bot()
    )
    return Memory(
        bot_id=bot.id,
        told=tuple(told for row in rows if (told := _told(row)) is not None),
        threads=tuple(_shortened(thread, bot.id) for thread in found),
        comments=tuple(_cut(one) for one in said if one.author_id != bot.id),
    )


async def sift(review: Review, looked: Looked, memory: Memory, claims: Sequence[Settled]) -> Sifted:
    """The findings without those that were said before, by us, by others, in whatever words; no model is asked."""
    head = await change.texts(review, looked.head_sha, {one.finding.path for one in claims})
    settled = await asyncio.to_thread(lambda: [_whole(one, head) for one in claims])
    names = [fingerprint(one.finding) for one in settled]
    repository = review.task.repository.full_name
    rejected = await review.services.store.run(lambda connection: findings.rejected(connection, repository, names))
    known = await asyncio.to_thread(
        said_before, memory, [one.finding for one in settled], {row.fingerprint for row in rejected}
    )
    folded = {one.fingerprint: one for one in memory.told if one.state == "folded"}
    return _sifted(list(zip(settled, known, strict=True)), folded)


async def remember(
    review: Review, looked: Looked, inline: Sequence[Settled], folded: Sequence[Settled], comments: Sequence[int] = ()
) -> None:
    """Store what was told: ``inline`` in threads, ``folded`` in the summary; ``comments`` are the ids of the first."""
    head = await change.texts(review, looked.head_sha, {one.finding.path for one in (*inline, *folded)})
    repository, number = review.task.repository.full_name, review.task.number
    ids = {one.finding: comment for one, comment in zip(inline, comments, strict=False)}

    def rows() -> list[StoredFinding]:
        told = [
            tell(one, task=review.task_id, head_sha=looked.head_sha, text=head.get(one.finding.path, ""), folded=place)
            for group, place in ((inline, False), (folded, True))
            for one in group
        ]
        return [stored(one, repository, number, comment=ids.get(one.finding)) for one in told]

    found = await asyncio.to_thread(rows)
    await review.services.store.run(lambda connection: findings.remember(connection, found))


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


def _sifted(pairs: Sequence[tuple[Settled, Known | None]], folded: Mapping[str, Told]) -> Sifted:
    again, reasons = [], []
    for one, known in pairs:
        if known is None:
            continue
        told = folded.get(known.fingerprint)
        if told is not None and known.reason == "told":
            again.append(one.model_copy(update={"verdict": told.verdict}))
        else:
            reasons.append(known.reason)
    return Sifted(
        new=tuple(one for one, known in pairs if known is None),
        again=tuple(again),
        known={reason: reasons.count(reason) for reason in sorted(set(reasons))},
    )


def _whole(one: Settled, head: Mapping[str, str]) -> Settled:
    """Whole lines and the symbol of the file, as memory has them; removed code keeps what it has."""
    text = head.get(one.finding.path)
    found = relocated(one.finding, text) if text is not None and not one.finding.removed else None
    return one if found is None else one.model_copy(update={"finding": found})


def _told(row: StoredFinding) -> Told | None:
    """None for a row of another version."""
    try:
        return recalled(row)
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
