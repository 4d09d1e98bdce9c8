"""Find: where the code probably is, without asking a model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from bot.change.assignment import Assignment
from bot.change.job import Job
from bot.change.looking import index
from bot.change.reading import READ
from bot.change.records import Brief, Found
from bot.context import guidelines
from bot.context.index import Index

_WINDOW_TOKENS = 6_000
_FILES = 12
_TESTS = 12
# tests rank low, because a fix is rarely there
_RANKED = 150
_SPEAKING = 2
# beside tests lie helpers and configuration, which mostly hold none
_TEST_NAME = re.compile(r"(?:(?<!conf)test|[._]spec\.)[^/]*$", re.IGNORECASE)


async def fetch(job: Job, brief: Brief) -> str:
    """Bring the base into the mirror; its sha."""
    await job.stage("find", "started")
    await fetch_base(job, brief.base_branch)
    return brief.base_sha


async def find(job: Job, brief: Brief) -> Found:
    """Rank the base's files for the issue, cut windows, collect guideline files and nearby tests."""
    code = await index(job, brief.base_sha)
    question = f"{brief.title}\n\n{brief.body}"
    ranking = await asyncio.to_thread(code.rank, question, _RANKED)
    windows = await asyncio.to_thread(code.windows, ranking[:_FILES], _WINDOW_TOKENS)
    ranked = tuple(one.path for one in ranking)
    files = ranked[:_FILES]
    mirror = await job.mirror(brief.base_sha)
    found = Found(
        files=files,
        windows=str(windows),
        guidelines=await guidelines.collect(partial(mirror.read, brief.base_sha), code.paths, files),
        tests=await asyncio.to_thread(nearby_tests, code, ranked),
    )
    await job.stage("find", "done", ", ".join(f"`{path}`" for path in files[:3]))
    return found


def nearby_tests(code: Index, ranked: Sequence[str]) -> tuple[str, ...]:
    """The test files that speak most of the issue, then those that exercise the likeliest files; at most twelve.

    Files not named as tests come last: a runner may take them, but they rarely hold a test.
    """
    speaking = [path for path in ranked if code.files[path].role == "test" and _TEST_NAME.search(path)][:_SPEAKING]
    exercising = [test for path in ranked[:5] if code.files[path].role != "test" for test in code.tests_for(path)]
    exercising.sort(key=lambda test: _TEST_NAME.search(test) is None)
    return tuple(dict.fromkeys([*speaking, *exercising]))[:_TESTS]


async def fetch_base(job: Assignment[Any], branch: str) -> None:
    """Bring the base branch into the mirror with a token that can only read."""
    token = await job.services.github.token(job.task.repository, READ)
    mirror = await job.services.mirrors.of(job.task.repository)
    await mirror.fetch([branch], token)
