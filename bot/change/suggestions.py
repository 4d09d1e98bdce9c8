"""Publish a change to a fork's pull request as suggestions: blocks that its author can commit with a click."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from bot.change.recipe import AnyEvidence, Job
from bot.change.stages import Stage
from bot.github.api.scopes import REVIEW
from bot.github.resources import reviews
from bot.github.resources.reviews import ReviewComment
from bot.github.text.diffs import FileDiff, Hunk, parse_diff
from bot.github.text.markers import Marker
from bot.markdown import code_block, folded
from bot.types import JsonModel

# one review with more comments than this is no help to its author
_MOST = 30
# GitHub takes 65,536 characters; the note and the folding need their share
_MAX_PATCH = 30_000


class Replacement(JsonModel):
    """Lines ``first`` to ``last`` of a file, and their new text."""

    path: str
    first: int
    last: int
    text: str


async def suggest(job: Job[Any], evidence: AnyEvidence) -> int:
    """Post one review with the suggestions that fit and the whole patch."""
    await job.stage(Stage.PUBLISH, "started")
    ends = evidence.brief.pull
    report = evidence.report
    assert ends is not None, "only a pull request can be commented on"
    assert report is not None, "only what passed the gates is suggested"
    mirror = await job.mirror(report.base_sha)
    patch = await mirror.diff(report.base_sha, report.changes)
    before = await mirror.diff(ends.merge_base, report.base_sha)
    fitting = (await asyncio.to_thread(_fitting, patch, before))[:_MOST]
    task = job.task
    services = job.services
    github = await services.github.for_repository(task.repository, REVIEW)
    bot = await services.github.bot()
    note = "The branch is in a fork, so I cannot push to it. Below are suggestions where the diff has room for them."
    whole = folded("The whole change, for `git apply`", code_block(patch[:_MAX_PATCH], "diff"))
    # An empty block deletes the lines it is on.
    blocks = [code_block(one.text, "suggestion") if one.text.strip() else "```suggestion\n```" for one in fitting]
    posted = await reviews.create_review(
        github,
        task.repository,
        task.number,
        report.base_sha,
        services.outgoing(f"{note}\n\n{whole}"),
        [_comment(one, services.outgoing(block)) for one, block in zip(fitting, blocks, strict=True)],
        "COMMENT",
        marker=Marker(task=job.task_id, part="suggestions"),
        bot_id=bot.id,
    )
    return len(fitting) - len(posted.refused)


def replacements(file: FileDiff) -> Iterator[Replacement]:
    """Yield what a diff does to a file, as whole lines with new text.

    Lines that are only added take the line above them along, or the one below where there is none: a suggestion
    replaces lines, it cannot stand between two.
    """
    for hunk in file.hunks:
        for start, end in _runs(hunk):
            if all(hunk.lines[at].kind == "+" for at in range(start, end)):
                start, end = (start - 1, end) if start else (start, min(end + 1, len(hunk.lines)))
            lines = hunk.lines[start:end]
            numbers = [line.old for line in lines if line.old is not None]
            if numbers:
                text = "\n".join(line.text for line in lines if line.new is not None)
                yield Replacement(path=file.path, first=numbers[0], last=numbers[-1], text=text)


def _runs(hunk: Hunk) -> Iterator[tuple[int, int]]:
    """Yield where changed lines stand together, the end exclusive."""
    start = None
    for at, line in enumerate((*hunk.lines, None)):
        changed = line is not None and line.kind != " "
        if changed and start is None:
            start = at
        elif not changed and start is not None:
            yield start, at
            start = None


def _fitting(patch: str, before: str) -> list[Replacement]:
    """Return the replacements in lines of one hunk of the pull request."""
    shown = {file.path: file for file in parse_diff(before)}
    changed = [file for file in parse_diff(patch) if file.status == "modified" and file.path in shown]
    fitting: list[Replacement] = []
    for file in changed:
        hunks = [{line.new for line in hunk.on("RIGHT")} for hunk in shown[file.path].hunks]
        for one in replacements(file):
            numbers = set(range(one.first, one.last + 1))
            if any(numbers <= lines for lines in hunks):
                fitting.append(one)
    return fitting


def _comment(one: Replacement, body: str) -> ReviewComment:
    start = one.first if one.first < one.last else None
    return ReviewComment(
        path=one.path, body=body, line=one.last, start_line=start, start_side="RIGHT" if start else None
    )
