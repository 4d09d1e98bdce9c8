"""Read the pull request that a change is made to, and fetch both ends of it."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from bot.change.recipe import Job
from bot.change.records import Brief, PullEnds
from bot.github.resources.pulls import Pull
from bot.github.text.diffs import parse_diff
from bot.work.untrusted import visible, visible_title

_MAX_RAW = 60_000
_MAX_BODY = 12_000
_MAX_DIFF = 60_000


async def brief_of(job: Job[Any], pull: Pull) -> Brief:
    """Return the request as the pull request states it, on its head."""
    repository = job.task.repository
    fork = pull.from_fork(repository)
    ours = not fork and pull.author_id == (await job.services.github.bot()).id
    return Brief(
        nonce=secrets.token_hex(8),
        number=job.task.number,
        title=visible_title(pull.title)[:500],
        body=visible(pull.body[:_MAX_RAW])[:_MAX_BODY],
        asked=visible(job.task.asked[:_MAX_RAW])[:_MAX_BODY],
        base_branch=pull.base_branch,
        base_sha=pull.head_sha,
        stop=_stop(pull, None if fork else repository.default_branch),
        pull=PullEnds(branch=pull.head_branch, from_fork=fork, ours=ours),
    )


def _stop(pull: Pull, default_branch: str | None) -> str | None:
    if pull.state != "open":
        return f"The pull request is {'merged' if pull.merged else 'closed'}, so nothing was changed."
    if pull.head_branch == default_branch:
        return f"The head of this pull request is `{default_branch}` itself, and there I push nothing."
    return None


async def fetch_ends(job: Job[Any], brief: Brief) -> PullEnds:
    """Bring both ends into the mirror; return them with what changed so far."""
    assert brief.pull is not None, "only a pull request has two ends"
    await job.fetch_pull(brief.base_branch)
    mirror = await job.mirror(brief.base_sha)
    merge_base = await mirror.merge_base(await mirror.resolve(brief.base_branch), brief.base_sha)
    diff = await mirror.diff(merge_base, brief.base_sha)
    changed = tuple(file.path for file in await asyncio.to_thread(parse_diff, diff))
    return brief.pull.model_copy(update={"merge_base": merge_base, "diff": diff[:_MAX_DIFF], "changed": changed})
