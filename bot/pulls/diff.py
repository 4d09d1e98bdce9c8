"""Read the change under review from the git mirror."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from bot.github.text.diffs import DiffLine, FileDiff, Hunk, parse_diff
from bot.pulls import hunks, placeholders
from bot.pulls.records import ReviewPlan, ReviewTask
from bot.work.assignment import Assignment

Review = Assignment[ReviewTask]


# Many steps of a review read the same diff.
_parse = lru_cache(maxsize=4)(parse_diff)


async def read_diffs(work: Assignment[Any], merge_base: str, head_sha: str) -> dict[str, FileDiff]:
    """Read the diff of every changed file, by path."""
    mirror = await work.mirror(head_sha)
    text = await mirror.diff(merge_base, head_sha)
    return {file.path: file for file in await asyncio.to_thread(_parse, text)}


async def read_contents(review: Review, sha: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Read the bytes of those paths that are regular files of a commit."""
    mirror = await review.mirror(sha)
    wanted = set(paths)
    entries = [entry for entry in await mirror.entries(sha) if entry.path in wanted and entry.kind == "file"]
    shas = {entry.path: entry.sha for entry in entries}
    blobs = await mirror.blobs(shas.values()) if shas else {}
    return {path: blobs[blob] for path, blob in shas.items()}


async def read_texts(review: Review, plan: ReviewPlan, sha: str, paths: Iterable[str]) -> dict[str, str]:
    """Read a commit's text files, with the head's secrets redacted."""
    hidden = await read_secrets(review, plan)
    found = await _read_texts(review, sha, paths)
    return {path: placeholders.redact(text, hidden) for path, text in found.items()}


async def read_changed(review: Review, plan: ReviewPlan) -> dict[str, FileDiff]:
    """Read the diffs to look at: secrets redacted, read hunks left out."""
    hidden = await read_secrets(review, plan)
    found = await read_diffs(review, plan.merge_base, plan.head_sha)
    fresh = {path: hunks.drop_hunks(diff, plan.known.get(path, ())) for path, diff in found.items()}
    return {path: _redact_diff(diff, hidden) for path, diff in fresh.items()} if hidden else fresh


async def read_secrets(review: Review, plan: ReviewPlan) -> tuple[str, ...]:
    """Read the head's known secrets, to redact them: no step may return them."""
    if not plan.secrets:
        return ()
    return placeholders.read_values(
        plan.secrets, await _read_texts(review, plan.head_sha, {one.path for one in plan.secrets})
    )


def _redact_diff(diff: FileDiff, hidden: Sequence[str]) -> FileDiff:
    def line(one: DiffLine) -> DiffLine:
        return one.model_copy(update={"text": placeholders.redact(one.text, hidden)})

    def hunk(one: Hunk) -> Hunk:
        section = placeholders.redact(one.section, hidden)
        return one.model_copy(update={"section": section, "lines": tuple(line(each) for each in one.lines)})

    return diff.model_copy(update={"hunks": tuple(hunk(each) for each in diff.hunks)})


async def _read_texts(review: Review, sha: str, paths: Iterable[str]) -> dict[str, str]:
    """Read texts as git shows them: a link's target, a submodule's commit."""
    mirror = await review.mirror(sha)
    wanted = set(paths)
    entries = [entry for entry in await mirror.entries(sha) if entry.path in wanted]
    pointers = {entry.path: f"Subproject commit {entry.sha}\n" for entry in entries if entry.kind == "submodule"}
    shas = {entry.path: entry.sha for entry in entries if entry.kind != "submodule"}
    blobs = await mirror.blobs(shas.values()) if shas else {}
    found = {path: blobs[sha] for path, sha in shas.items()}
    return pointers | {path: data.decode("utf-8", "replace") for path, data in found.items() if b"\0" not in data}
