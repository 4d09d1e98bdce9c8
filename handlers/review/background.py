"""Gather what tells a regression from an old fault: origins of removed lines, failing checks, the nearest tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from pydantic import Field

from bot.git.errors import GitError
from bot.github.api.errors import GitHubError
from bot.github.api.scopes import CHECKS
from bot.github.resources import ci
from bot.github.text.diffs import FileDiff
from bot.pulls import diff
from bot.pulls.diff import Review
from bot.pulls.records import ReviewPlan
from bot.types import JsonModel
from bot.work import inquiry

# A verifier reads a few words of each; more is a matter for its tools.
_COMMITS = 4
_RANGES = 20
_CHECKS = 5
_TOLD = 300
# Seconds for git to find a file's history; in a long one that is not worth waiting for.
_BLAME_SECONDS = 10.0


class Background(JsonModel):
    """What is known of the files that findings are about: ``origins`` and ``tests`` by path, ``checks`` of the head."""

    origins: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    tests: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    checks: tuple[str, ...] = ()


async def gather(review: Review, looked: ReviewPlan, paths: Sequence[str]) -> Background:
    """Look all of it up once for the findings of a review. What cannot be found out is left out."""
    diffs = await diff.read_changed(review, looked)
    index = await inquiry.index(review, looked.head_sha)
    tests = await asyncio.to_thread(lambda: {path: index.find_tests(path) for path in paths})
    origins = {path: await _origins(review, looked, diffs[path]) for path in paths if path in diffs}
    return Background(
        origins={path: found for path, found in origins.items() if found},
        tests={path: found for path, found in tests.items() if found},
        checks=await _failed_checks(review, looked),
    )


def removed_ranges(one: FileDiff) -> list[tuple[int, int]]:
    """Return first and last numbers, in the base, of the lines that a diff removes."""
    numbers = [line.old for hunk in one.hunks for line in hunk.lines if line.kind == "-" and line.old is not None]
    return list(_runs(numbers))[:_RANGES]


async def _origins(review: Review, looked: ReviewPlan, one: FileDiff) -> tuple[str, ...]:
    """Return the commits, as ``sha subject``, that the removed lines of a file belonged to, most lines first."""
    ranges = removed_ranges(one)
    if not ranges:
        return ()
    mirror = await review.mirror(looked.merge_base)
    try:
        async with asyncio.timeout(_BLAME_SECONDS):
            found = await mirror.blame(looked.merge_base, one.old_path, ranges)
    except (GitError, TimeoutError):
        return ()
    return tuple(f"{sha[:10]} {subject[:_TOLD]}" for sha, subject in list(found.items())[:_COMMITS])


async def _failed_checks(review: Review, looked: ReviewPlan) -> tuple[str, ...]:
    """Return what checks of others that failed on the head say; none where GitHub does not let us read them."""
    services = review.services
    try:
        github = await services.github.for_repository(review.task.repository, CHECKS)
        failed = await ci.failed_checks(github, review.task.repository, looked.head_sha)
    except GitHubError:
        return ()
    own = (await services.github.bot()).login
    theirs = [one for one in failed if f"{one.app}[bot]" != own][:_CHECKS]
    return tuple(f"{one.name} ({one.conclusion}): {' '.join(one.said.split())[:_TOLD]}" for one in theirs)


def _runs(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Join numbers that follow one another."""
    first = last = None
    for number in numbers:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last
