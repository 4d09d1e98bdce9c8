"""Read what a question is about: the conversation and the code."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from bot.context import guidelines
from bot.git.mirrors import Mirror
from bot.git.output import as_text
from bot.github.api.client import Client
from bot.github.api.scopes import READ
from bot.github.resources import pulls, reply_targets, repos
from bot.github.resources.issues import IssueComment
from bot.github.text.diffs import FileDiff
from bot.github.text.markers import Marker, markers_in, without_markers
from bot.pulls import diff as change
from bot.pulls import excerpts
from bot.pulls.skipped import find_skip_reason
from bot.store import tasks
from bot.work import inquiry
from bot.work.assignment import Assignment
from bot.work.untrusted import visible, visible_title
from handlers.answer.records import CodeContext, File, Remark, Subject, TalkTask
from handlers.answer.stages import Stage
from handlers.review.previous import FLOW as REVIEW

Talk = Assignment[TalkTask[Any]]

_MAX_RAW = 60_000
_MAX_TITLE = 500
_MAX_BODY = 12_000
_MAX_SAID = 2_000
_LAST = 12
_SHOWN = 60_000  # characters of the diff that a model is shown
_READ_FILES = 60
_BYTES = 1_000_000
_WINDOWS = 12
_WINDOW_TOKENS = 6_000


async def read(talk: Talk) -> Subject:
    """Read the conversation up to the command, and the commit to look at."""
    await talk.stage(Stage.READ, "started")
    github = await talk.services.github.for_repository(talk.task.repository, READ)
    subject = await (_read_pull(talk, github) if talk.task.is_pull else _read_issue(talk, github))
    await talk.stage(Stage.READ, "done")
    return subject


async def _read_pull(talk: Talk, github: Client) -> Subject:
    pull = await pulls.get_pull(github, talk.task.repository, talk.task.number)
    is_ours = pull.author_id == (await talk.services.github.bot()).id
    return Subject(
        nonce=secrets.token_hex(8),
        title=visible_title(pull.title)[:_MAX_TITLE],
        body=visible(pull.body[:_MAX_RAW])[:_MAX_BODY],
        sha=pull.head_sha,
        base_branch=pull.base_branch,
        author="" if is_ours else pull.author,
        said=await _read_conversation(talk, github),
    )


async def _read_issue(talk: Talk, github: Client) -> Subject:
    task = talk.task
    branch = await repos.default_branch(github, task.repository)
    return Subject(
        nonce=secrets.token_hex(8),
        title=visible_title(task.title)[:_MAX_TITLE],
        body=visible(task.body[:_MAX_RAW])[:_MAX_BODY],
        sha=await repos.head_sha(github, task.repository, branch),
        said=await _read_conversation(talk, github),
        whole=task.subject.kind == "repository",
    )


async def look(talk: Talk, subject: Subject) -> CodeContext:
    """Read the diff as far as there is room; for an issue what ranks best."""
    await talk.stage(Stage.LOOK, "started")
    if subject.base_branch is None:
        code = await _rank_code(talk, subject, await talk.fetch(subject.sha))
    else:
        await talk.fetch_pull(subject.base_branch)
        code = await _read_change(talk, subject.sha, subject.base_branch, await talk.mirror(subject.sha))
    await talk.stage(Stage.LOOK, "done")
    return code


async def read_diffs(talk: Talk, code: CodeContext) -> dict[str, FileDiff]:
    """Read the changed files of a pull request, by path."""
    assert code.merge_base is not None, "only pull requests have a change"
    return await change.read_diffs(talk, code.merge_base, code.sha)


async def _read_conversation(talk: Talk, github: Client) -> tuple[Remark, ...]:
    """Read what was said before, unedited, in the thread or below the issue."""
    task = talk.task
    if task.subject.kind == "repository":
        return ()
    services = talk.services
    comments = await reply_targets.conversation(github, task.repository, task.spot)
    bot = await services.github.bot()
    here = await services.store.run(tasks.find, task.repository.id, task.number)
    reviews = {one.id for one in here if one.flow == REVIEW}

    def counts(each: IssueComment) -> bool:
        ours = each.author_id == bot.id and not any(_is_aside(mark, reviews) for mark in markers_in(each.body))
        return (ours or each.author_type == "User") and each.updated_at <= task.triggered

    kept = [
        Remark(author=each.author, text=visible(without_markers(each.body)[:_MAX_RAW])[:_MAX_SAID])
        for each in comments
        if counts(each)
    ]
    return tuple(kept[-_LAST:])


def _is_aside(mark: Marker, reviews: Collection[str]) -> bool:
    """Return whether a comment of ours tells of our work, not of the code."""
    # A review's status comment is its summary, and tells of the code.
    return mark.part == "answer" or (mark.part == "status" and mark.task not in reviews)


async def _rank_code(talk: Talk, subject: Subject, mirror: Mirror) -> CodeContext:
    index = await inquiry.index(talk, subject.sha)
    ranking = await asyncio.to_thread(index.rank, f"{talk.task.text}\n\n{subject.title}\n\n{subject.body}", _WINDOWS)
    windows = await asyncio.to_thread(index.windows, ranking, _WINDOW_TOKENS)
    paths = [one.path for one in ranking]
    rules = await guidelines.collect(partial(mirror.read, subject.sha), index.paths, paths)
    return CodeContext(sha=subject.sha, shown=str(windows), guidelines=rules)


async def _read_change(talk: Talk, sha: str, base_branch: str, mirror: Mirror) -> CodeContext:
    base_sha = await mirror.resolve(base_branch)
    code = CodeContext(sha=sha, merge_base=await mirror.merge_base(base_sha, sha), shown="")
    changed = await read_diffs(talk, code)
    heads = {path: await mirror.read_bytes(sha, path, limit=_BYTES) for path in list(changed)[:_READ_FILES]}
    files, shown = await asyncio.to_thread(_pack, talk, changed, heads)
    paths = [entry.path for entry in await mirror.entries(base_sha)]
    rules = await guidelines.collect(partial(mirror.read, base_sha), paths, [file.path for file in files])
    return code.model_copy(update={"files": files, "shown": shown, "guidelines": rules})


def _pack(
    talk: Talk, changed: Mapping[str, FileDiff], heads: Mapping[str, bytes | None]
) -> tuple[tuple[File, ...], str]:
    """Join diffs until the room is used up; name the others with the reason."""
    files: list[File] = []
    parts: list[str] = []
    room = _SHOWN
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
