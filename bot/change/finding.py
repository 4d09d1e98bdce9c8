"""Find: where the code probably is, without asking a model."""

from __future__ import annotations

import asyncio
from functools import partial

from bot.change.job import Job
from bot.change.reading import READ
from bot.change.records import Brief, Found
from bot.context import guidelines
from bot.context.index import Index

_WINDOW_TOKENS = 6_000
_FILES = 12


async def index(job: Job, sha: str) -> Index:
    """The index of a commit; blobs seen before cost nothing."""
    mirror = await job.mirror(sha)
    return await job.services.indexer.index(mirror.git_dir, sha)


async def fetch(job: Job, brief: Brief) -> str:
    """Bring the base into the mirror; its sha."""
    await job.stage("find", "started")
    await fetch_base(job, brief.base_branch)
    return brief.base_sha


async def find(job: Job, brief: Brief) -> Found:
    """Rank the base's files for the issue, cut windows, collect guideline files and nearby tests."""
    code = await index(job, brief.base_sha)
    question = f"{brief.title}\n\n{brief.body}"
    ranking = await asyncio.to_thread(code.rank, question, _FILES)
    windows = await asyncio.to_thread(code.windows, ranking, _WINDOW_TOKENS)
    files = tuple(ranked.path for ranked in ranking)
    mirror = await job.mirror(brief.base_sha)
    found = Found(
        files=files,
        windows=str(windows),
        guidelines=await guidelines.collect(partial(mirror.read, brief.base_sha), code.paths, files),
        tests=tuple(dict.fromkeys(test for path in files[:5] for test in code.tests_for(path)))[:12],
    )
    await job.stage("find", "done", ", ".join(f"`{path}`" for path in files[:3]))
    return found


async def fetch_base(job: Job, branch: str) -> None:
    """Bring the base branch into the mirror with a token that can only read."""
    token = await job.services.github.token(job.task.repository, READ)
    mirror = await job.services.mirrors.of(job.task.repository)
    await mirror.fetch([branch], token)
