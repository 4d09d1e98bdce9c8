"""Read what it is about: the conversation, and the code as it stands, or as the pull request changes it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from bot.context import guidelines
from bot.git.mirrors import Mirror, as_text
from bot.github.api.client import Client
from bot.github.api.scopes import READ
from bot.github.resources import pulls, reply_targets, repos
from bot.github.resources.issues import IssueComment
from bot.github.text.diffs import FileDiff, parse_diff
from bot.github.text.markers import Marker, markers_in, without_markers
from bot.pulls import excerpts
from bot.pulls.skipped import find_skip_reason
from bot.store import tasks
from bot.work import inquiry
from bot.work.assignment import Assignment
from bot.work.untrusted import visible
from handlers.answer.records import File, Looked, Said, Subject, TalkTask
from handlers.answer.stages import Stage
from handlers.review.previous import FLOW as REVIEW

Talk = Assignment[TalkTask[Any]]

_MAX_RAW = 60_000
_MAX_BODY = 12_000
_MAX_SAID = 2_000
_LAST = 12
_SHOWN = 60_000  # characters of the diff that a model is shown
_READ_FILES = 60
_BYTES = 1_000_000
_WINDOWS = 12
_WINDOW_TOKENS = 6_000


async def read(talk: Talk) -> Subject:
    """The conversation until the command was typed, and the commit it is about: a pull request's head, or the
    default branch's."""
    await talk.stage(Stage.READ, "started")
    task, repository = talk.task, talk.task.repository
    github = await talk.services.github.for_repository(repository, READ)
    if task.is_pull:
        pull = await pulls.get_pull(github, repository, task.number)
        sha, base, title, body = pull.head_sha, pull.base_branch, pull.title, pull.body
        ours = pull.author_id == (await talk.services.github.bot()).id
        author = "" if ours else pull.author
    else:
        branch = await repos.default_branch(github, repository)
        sha, base, title, body = await repos.head_sha(github, repository, branch), None, task.title, task.body
        author = ""
    subject = Subject(
        nonce=secrets.token_hex(8),
        title=visible(title)[:500],
        body=visible(body[:_MAX_RAW])[:_MAX_BODY],
        sha=sha,
        base_branch=base,
        author=author,
        said=await _conversation(talk, github),
    )
    await talk.stage(Stage.READ, "done")
    return subject


async def look(talk: Talk, subject: Subject) -> Looked:
    """The diff from the merge base, packed; for an issue windows of the code that ranks highest for the question."""
    await talk.stage(Stage.LOOK, "started")
    mirror = await _fetched(talk, subject)
    if subject.base_branch is None:
        looked = await _around(talk, subject, mirror)
    else:
        looked = await _change(talk, subject.sha, subject.base_branch, mirror)
    await talk.stage(Stage.LOOK, "done")
    return looked


async def diffs(talk: Talk, looked: Looked) -> dict[str, FileDiff]:
    """The changed files of a pull request that was looked at, by path."""
    assert looked.merge_base is not None, "only pull requests have a change"
    mirror = await talk.mirror(looked.sha)
    text = await mirror.diff(looked.merge_base, looked.sha)
    return {file.path: file for file in await asyncio.to_thread(parse_diff, text)}


async def _conversation(talk: Talk, github: Client) -> tuple[Said, ...]:
    """What people and we said of the code before, in the thread, else below the issue; nothing edited since."""
    task, services = talk.task, talk.services
    told = await reply_targets.conversation(github, task.repository, task.spot)
    bot = await services.github.bot()
    here = await services.store.run(lambda connection: tasks.find(connection, task.repository.id, task.number))
    reviews = {one.id for one in here if one.flow == REVIEW}

    def counts(each: IssueComment) -> bool:
        ours = each.author_id == bot.id and not any(_aside(mark, reviews) for mark in markers_in(each.body))
        return (ours or each.author_type == "User") and each.updated_at <= task.triggered

    kept = [
        Said(author=each.author, text=visible(without_markers(each.body)[:_MAX_RAW])[:_MAX_SAID])
        for each in told
        if counts(each)
    ]
    return tuple(kept[-_LAST:])


def _aside(mark: Marker, reviews: Collection[str]) -> bool:
    """Whether a comment of ours tells of our work and not of the code, as a review's does, which is its summary."""
    return mark.part == "answer" or (mark.part == "status" and mark.task not in reviews)


async def _fetched(talk: Talk, subject: Subject) -> Mirror:
    """The mirror with both ends in it. ``refs/pull/N/head`` exists for forks as well."""
    repository = talk.task.repository
    mirror = await talk.services.mirrors.of(repository)
    token = await talk.services.github.token(repository, READ)
    base = subject.base_branch
    await mirror.fetch([base, f"refs/pull/{talk.task.number}/head"] if base else [subject.sha], token)
    return await talk.mirror(subject.sha)


async def _around(talk: Talk, subject: Subject, mirror: Mirror) -> Looked:
    code = await inquiry.index(talk, subject.sha)
    ranking = await asyncio.to_thread(code.rank, f"{talk.task.text}\n\n{subject.title}\n\n{subject.body}", _WINDOWS)
    windows = await asyncio.to_thread(code.windows, ranking, _WINDOW_TOKENS)
    paths = [one.path for one in ranking]
    told = await guidelines.collect(partial(mirror.read, subject.sha), code.paths, paths)
    return Looked(sha=subject.sha, shown=str(windows), guidelines=told)


async def _change(talk: Talk, sha: str, base_branch: str, mirror: Mirror) -> Looked:
    base_sha = await mirror.resolve(base_branch)
    looked = Looked(sha=sha, merge_base=await mirror.merge_base(base_sha, sha), shown="")
    changed = await diffs(talk, looked)
    heads = {path: await mirror.read_bytes(sha, path, limit=_BYTES) for path in list(changed)[:_READ_FILES]}
    files, shown = await asyncio.to_thread(_packed, talk, changed, heads)
    paths = [entry.path for entry in await mirror.entries(base_sha)]
    told = await guidelines.collect(partial(mirror.read, base_sha), paths, [file.path for file in files])
    return looked.model_copy(update={"files": files, "shown": shown, "guidelines": told})


def _packed(
    talk: Talk, changed: Mapping[str, FileDiff], heads: Mapping[str, bytes | None]
) -> tuple[tuple[File, ...], str]:
    """Diffs until the room is used up; every other file is named with the reason."""
    files, parts, room = [], [], _SHOWN
    for path, diff in changed.items():
        head = heads.get(path)
        reason = find_skip_reason(diff, head, None, talk.policy)
        if reason is None:
            part = "\n".join(
                [f"--- {path} ({diff.status})", *excerpts.render_rows(diff, as_text(head) if head else None)]
            )
            reason = None if len(part) <= room else "no room for it here"
            if reason is None:
                parts.append(part)
                room -= len(part)
        kinds = [line.kind for hunk in diff.hunks for line in hunk.lines]
        files.append(
            File(path=path, status=diff.status, added=kinds.count("+"), removed=kinds.count("-"), left_out=reason)
        )
    return tuple(files), "\n\n".join(parts)
