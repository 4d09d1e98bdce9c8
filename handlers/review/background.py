"""Gather what tells a regression from an old fault."""

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
    """Facts about the files that findings are in."""

    origins: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # of removed lines, by path, as ``tests``
    tests: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    checks: tuple[str, ...] = ()  # those that failed on the head
    results: str = ""  # what the nearest tests of all changed files say, without the change and with it


async def gather(
    review: Review, plan: ReviewPlan, paths: Sequence[str], checks: tuple[str, ...] | None = None
) -> Background:
    """Look up for a review's findings what can be found out.

    ``checks`` are those that failed, where they are known.
    """
    diffs = await diff.read_changed(review, plan)
    index = await inquiry.index(review, plan.head_sha)
    tests = await asyncio.to_thread(lambda: {path: index.find_tests(path) for path in paths})
    origins = {path: await _find_origins(review, plan, diffs[path]) for path in paths if path in diffs}
    return Background(
        origins={path: found for path, found in origins.items() if found},
        tests={path: found for path, found in tests.items() if found},
        checks=await list_failed_checks(review, plan) if checks is None else checks,
    )


def find_removed_ranges(one: FileDiff) -> list[tuple[int, int]]:
    """Return the first and last numbers, in the base, of removed lines."""
    numbers = [line.old for hunk in one.hunks for line in hunk.lines if line.kind == "-" and line.old is not None]
    return list(_join_runs(numbers))[:_RANGES]


async def _find_origins(review: Review, plan: ReviewPlan, one: FileDiff) -> tuple[str, ...]:
    """Return ``sha subject``s that removed lines are from, most lines first."""
    ranges = find_removed_ranges(one)
    if not ranges:
        return ()
    mirror = await review.mirror(plan.merge_base)
    try:
        async with asyncio.timeout(_BLAME_SECONDS):
            found = await mirror.blame(plan.merge_base, one.old_path, ranges)
    except (GitError, TimeoutError):
        return ()
    return tuple(f"{sha[:10]} {subject[:_TOLD]}" for sha, subject in list(found.items())[:_COMMITS])


async def list_failed_checks(review: Review, plan: ReviewPlan) -> tuple[str, ...]:
    """Return what others' failed checks on the head say, if GitHub lets us."""
    services = review.services
    try:
        github = await services.github.for_repository(review.task.repository, CHECKS)
        failed = await ci.failed_checks(github, review.task.repository, plan.head_sha)
    except GitHubError:
        return ()
    own = (await services.github.bot()).login
    theirs = [one for one in failed if f"{one.app}[bot]" != own][:_CHECKS]
    return tuple(f"{one.name} ({one.conclusion}): {' '.join(one.said.split())[:_TOLD]}" for one in theirs)


def _join_runs(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
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
