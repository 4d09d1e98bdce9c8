"""Suggest: a change to a fork's pull request, which we cannot push to, as blocks its author can commit with a click."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.change.records import GateReport
from bot.github.api.scopes import REVIEW
from bot.github.resources import reviews
from bot.github.resources.reviews import ReviewComment
from bot.github.text.diffs import FileDiff, Hunk, parse_diff
from bot.github.text.markers import Marker
from bot.types import JsonModel
from handlers.revise.assignment import Revision
from handlers.revise.records import Pushed, Wanted

_MOST = 30


class Replacement(JsonModel):
    """Lines ``first`` to ``last`` of a file at the head, and the text that takes their place."""

    path: str
    first: int
    last: int
    text: str


async def suggest(revision: Revision, wanted: Wanted, report: GateReport) -> Pushed:
    """One review: a suggestion for each place that the pull request's diff shows, the whole patch in its body."""
    await revision.stage("publish", "started")
    mirror = await revision.mirror(report.base_sha)
    patch = await mirror.diff(report.base_sha, report.changes)
    before = await mirror.diff(wanted.merge_base, report.base_sha)
    fitting = (await asyncio.to_thread(_fitting, patch, before))[:_MOST]
    task, services, voice = revision.task, revision.services, revision.voice
    github = await services.github.for_repository(task.repository, REVIEW)
    bot = await services.github.bot()
    posted = await reviews.create_review(
        github,
        task.repository,
        task.number,
        report.base_sha,
        services.outgoing(voice.patch(patch)),
        [_comment(one, services.outgoing(voice.suggested(one.text))) for one in fitting],
        "COMMENT",
        marker=Marker(task=revision.task_id, part="suggestions"),
        bot_id=bot.id,
    )
    return Pushed(suggestions=len(fitting) - len(posted.refused))


def replacements(file: FileDiff) -> Iterator[Replacement]:
    """What a diff does to one file, as whole lines of the old one that get new text.

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
    """Where changed lines stand together: indexes, the end exclusive."""
    start = None
    for at, line in enumerate((*hunk.lines, None)):
        changed = line is not None and line.kind != " "
        if changed and start is None:
            start = at
        elif not changed and start is not None:
            yield start, at
            start = None


def _fitting(patch: str, before: str) -> list[Replacement]:
    """The replacements of files that the pull request changes, in lines that one hunk of its diff shows."""
    shown = {file.path: file for file in parse_diff(before)}
    changed = [file for file in parse_diff(patch) if file.status == "modified" and file.path in shown]
    return [one for file in changed for one in replacements(file) if _is_shown(one, shown[file.path])]


def _is_shown(one: Replacement, file: FileDiff) -> bool:
    numbers = set(range(one.first, one.last + 1))
    return any(numbers <= {line.new for line in hunk.on("RIGHT")} for hunk in file.hunks)


def _comment(one: Replacement, body: str) -> ReviewComment:
    start = one.first if one.first < one.last else None
    return ReviewComment(
        path=one.path, body=body, line=one.last, start_line=start, start_side="RIGHT" if start else None
    )
