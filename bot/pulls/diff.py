"""The change under review as git shows it, read from the mirror. Disk is not state: any step may ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bot.github.text.diffs import DiffLine, FileDiff, Hunk, parse_diff
from bot.pulls import hunks, placeholders
from bot.pulls.records import ReviewPlan, ReviewTask
from bot.work.assignment import Assignment

Review = Assignment[ReviewTask]


async def read_diffs(review: Review, merge_base: str, head_sha: str) -> dict[str, FileDiff]:
    """Every changed file by its path."""
    mirror = await review.mirror(head_sha)
    text = await mirror.diff(merge_base, head_sha)
    return {file.path: file for file in await asyncio.to_thread(_parsed, text)}


async def read_contents(review: Review, sha: str, paths: Iterable[str]) -> dict[str, bytes]:
    """The bytes of those of the paths that are regular files of a commit."""
    mirror = await review.mirror(sha)
    wanted = set(paths)
    entries = [entry for entry in await mirror.entries(sha) if entry.path in wanted and entry.kind == "file"]
    shas = {entry.path: entry.sha for entry in entries}
    blobs = await mirror.blobs(shas.values()) if shas else {}
    return {path: blobs[blob] for path, blob in shas.items()}


async def read_texts(review: Review, looked: ReviewPlan, sha: str, paths: Iterable[str]) -> dict[str, str]:
    """The texts of those of the paths that are not binary at a commit, without the secrets of the head."""
    hidden = await read_secrets(review, looked)
    found = await _texts(review, sha, paths)
    return {path: placeholders.redact(text, hidden) for path, text in found.items()}


async def read_changed(review: Review, looked: ReviewPlan) -> dict[str, FileDiff]:
    """The diffs of a change that was looked at, without its secrets and the hunks that an earlier review has read."""
    hidden = await read_secrets(review, looked)
    found = await read_diffs(review, looked.merge_base, looked.head_sha)
    fresh = {path: hunks.drop_hunks(diff, looked.known.get(path, ())) for path, diff in found.items()}
    return {path: _veiled(diff, hidden) for path, diff in fresh.items()} if hidden else fresh


async def read_secrets(review: Review, looked: ReviewPlan) -> tuple[str, ...]:
    """The secrets that the head is known to hold, for nothing but hiding them: never return them from a step."""
    if not looked.secrets:
        return ()
    return placeholders.read_values(
        looked.secrets, await _texts(review, looked.head_sha, {one.path for one in looked.secrets})
    )


def _veiled(diff: FileDiff, hidden: Sequence[str]) -> FileDiff:
    def line(one: DiffLine) -> DiffLine:
        return one.model_copy(update={"text": placeholders.redact(one.text, hidden)})

    def hunk(one: Hunk) -> Hunk:
        section = placeholders.redact(one.section, hidden)
        return one.model_copy(update={"section": section, "lines": tuple(line(each) for each in one.lines)})

    return diff.model_copy(update={"hunks": tuple(hunk(each) for each in diff.hunks)})


async def _texts(review: Review, sha: str, paths: Iterable[str]) -> dict[str, str]:
    """Texts as git's diff shows them: of a symlink its target, of a submodule the line that names its commit."""
    mirror, wanted = await review.mirror(sha), set(paths)
    entries = [entry for entry in await mirror.entries(sha) if entry.path in wanted]
    pointers = {entry.path: f"Subproject commit {entry.sha}\n" for entry in entries if entry.kind == "submodule"}
    shas = {entry.path: entry.sha for entry in entries if entry.kind != "submodule"}
    blobs = await mirror.blobs(shas.values()) if shas else {}
    found = {path: blobs[sha] for path, sha in shas.items()}
    return pointers | {path: data.decode("utf-8", "replace") for path, data in found.items() if b"\0" not in data}


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[FileDiff, ...]:
    """Parsed once for the many steps of a review, which all look at the same diff."""
    return parse_diff(text)
