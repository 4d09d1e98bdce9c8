"""The change under review as git shows it, read from the mirror. Disk is not state: any step may ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache

from bot.change.assignment import Assignment
from bot.git.mirrors import as_text
from bot.github.diffs import FileDiff, parse_diff
from bot.review import files
from bot.review.records import Looked, ReviewTask

Review = Assignment[ReviewTask]


async def diffs(review: Review, merge_base: str, head_sha: str) -> dict[str, FileDiff]:
    """Every changed file by its path."""
    mirror = await review.mirror(head_sha)
    text = await mirror.diff(merge_base, head_sha)
    return {file.path: file for file in await asyncio.to_thread(_parsed, text)}


async def contents(review: Review, sha: str, paths: Iterable[str]) -> dict[str, bytes]:
    """The bytes of those of the paths that are regular files of a commit."""
    mirror = await review.mirror(sha)
    wanted = set(paths)
    entries = [entry for entry in await mirror.entries(sha) if entry.path in wanted and entry.kind == "file"]
    shas = {entry.path: entry.sha for entry in entries}
    blobs = await mirror.blobs(shas.values()) if shas else {}
    return {path: blobs[blob] for path, blob in shas.items()}


async def texts(review: Review, sha: str, paths: Iterable[str]) -> dict[str, str]:
    """The texts of those of the paths that are UTF-8 text at a commit."""
    found = await contents(review, sha, paths)
    return {path: text for path, data in found.items() if (text := as_text(data)) is not None}


async def changed(review: Review, looked: Looked) -> dict[str, FileDiff]:
    """The diffs of a change that was looked at, without the hunks that an earlier review has read."""
    found = await diffs(review, looked.merge_base, looked.head_sha)
    return {path: files.fresh(diff, looked.known.get(path, ())) for path, diff in found.items()}


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[FileDiff, ...]:
    """Parsed once for the many steps of a review, which all look at the same diff."""
    return parse_diff(text)
