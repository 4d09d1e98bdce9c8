"""Read a pull request as a change to the commit at which it left its base."""

from __future__ import annotations

import secrets

from bot.change.recipe import Job
from bot.change.stages import Stage
from bot.git.reverts import read_changes
from bot.github.api.scopes import READ
from bot.github.resources import pulls
from bot.github.resources.pulls import Pull
from bot.markdown import inline_code, listed
from bot.store import tasks
from bot.work.untrusted import visible, visible_title
from handlers.prove.records import ProveBrief, ProveTask

_MAX_RAW = 60_000
_MAX_BODY = 12_000
_NAMED = 5


async def read(job: Job[ProveTask]) -> ProveBrief:
    """Fetch both ends; a pull request that cannot be judged is named as such."""
    await job.stage(Stage.READ, "started")
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    pull = await pulls.get_pull(github, repository, job.task.number)
    await job.services.store.run(tasks.merge_posted, job.task_id, {"head": pull.head_sha})
    brief = ProveBrief(
        nonce=secrets.token_hex(8),
        number=job.task.number,
        title=visible_title(pull.title)[:500],
        body=visible(pull.body[:_MAX_RAW])[:_MAX_BODY],
        base_branch=pull.base_branch,
        base_sha=pull.head_sha,
        head_sha=pull.head_sha,
        stop=_stop(job, pull),
    )
    brief = brief if brief.stop else await _compare(job, brief)
    await job.stage(Stage.READ, "failed" if brief.stop else "done", brief.stop or "")
    return brief


async def keep(_job: Job[ProveTask], brief: ProveBrief) -> ProveBrief:
    """Return the brief as it is: all commits are in the mirror."""
    return brief


def _stop(job: Job[ProveTask], pull: Pull) -> str | None:
    if pull.state != "open":
        return f"The pull request is {'merged' if pull.merged else 'closed'}, so nothing was run."
    if pull.from_fork(job.task.repository):
        return "The pull request comes from a fork, whose code is never run here."
    return None


async def _compare(job: Job[ProveTask], brief: ProveBrief) -> ProveBrief:
    """Return the brief with what the pull request changes."""
    await job.fetch_pull(brief.base_branch)
    mirror = await job.mirror(brief.head_sha)
    base = await mirror.merge_base(await mirror.resolve(brief.base_branch), brief.head_sha)
    changes, unreadable = await read_changes(mirror, base, brief.head_sha)
    stop = None
    if unreadable:
        named = listed([inline_code(path) for path in unreadable], _NAMED)
        stop = f"It changes what is no plain text, or a file's mode ({named}): these gates cannot judge that."
    return brief.model_copy(update={"base_sha": base, "changes": changes, "stop": stop})
