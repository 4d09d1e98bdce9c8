"""Read what to revert, have git revert it, and say where that is impossible."""

from __future__ import annotations

import re
import secrets
from typing import Any, NamedTuple

from bot.change.issue import find_obstacle
from bot.change.recipe import Job
from bot.change.rivals import find_rival
from bot.change.stages import Stage
from bot.git import reverts
from bot.git.errors import ObjectMissing, PathRefused
from bot.git.mirrors import Mirror
from bot.git.reverts import CannotTell, Landing, Reversal
from bot.github.api.scopes import READ
from bot.github.resources import pulls, repos
from bot.github.resources.pulls import Pull
from bot.migrations import find_irreversible, list_migrations, read_migrations
from bot.work.untrusted import visible_title
from handlers.revert import refusals
from handlers.revert.records import RevertBrief, RevertTask

_SHA = re.compile(r"[0-9a-f]{7,40}")
_MOST_COMMITS = 250  # GitHub tells of no more


class _Wanted(NamedTuple):
    """Commits to be taken back, as GitHub knows them."""

    branch: str
    sha: str
    commits: tuple[str, ...] = ()
    pull: Pull | None = None


async def read(job: Job[RevertTask]) -> RevertBrief:
    """Find the commits, and what their branch becomes without them."""
    await job.stage(Stage.READ, "started")
    wanted = await _find_wanted(job)
    stop = wanted if isinstance(wanted, str) else await find_obstacle(job) or await find_rival(job, wanted.branch)
    if isinstance(wanted, str) or stop:
        brief = RevertBrief(
            nonce=secrets.token_hex(8), number=job.task.subject.number, title="", body="", base_branch="", base_sha="",
            stop=stop,
        )  # fmt: skip
    else:
        brief = await _take_back(job, wanted)
    await job.stage(Stage.READ, "failed" if brief.stop else "done", (brief.stop or brief.how)[:300])
    return brief


async def keep(_job: Job[Any], brief: RevertBrief) -> RevertBrief:
    """Return the brief as it is: all commits are in the mirror."""
    return brief


async def _find_wanted(job: Job[RevertTask]) -> _Wanted | str:
    """Return which commits are meant, or in words why none is."""
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    asked = job.task.input.sha.strip().lower()
    if asked and not _SHA.fullmatch(asked):
        return "That is no commit: write 7 to 40 characters of its sha."
    if job.task.subject.number is None:
        return _Wanted(await repos.default_branch(github, repository), asked)
    pull = await pulls.get_pull(github, repository, job.task.number)
    if not pull.merged or not pull.merge_sha:
        return "This pull request is not merged, so there is nothing to take back."
    if asked:
        return _Wanted(pull.base_branch, asked, pull=pull)
    commits = await pulls.list_commits(github, repository, job.task.number)
    if len(commits) >= _MOST_COMMITS:
        return f"It has {_MOST_COMMITS} commits or more, which GitHub does not list. Name one commit by its `sha`."
    return _Wanted(pull.base_branch, pull.merge_sha, commits, pull)


async def _take_back(job: Job[RevertTask], wanted: _Wanted) -> RevertBrief:
    """Have git take the commits back from their branch as it is now."""
    own = [f"refs/pull/{job.task.number}/head"] if wanted.commits else []
    mirror = await job.fetch(wanted.branch, *own)
    head = await mirror.resolve(wanted.branch)
    brief = RevertBrief(
        nonce=secrets.token_hex(8),
        number=job.task.subject.number,
        title=visible_title(wanted.pull.title)[:300] if wanted.pull is not None else "",
        body="",
        asked=job.task.input.reason,
        base_branch=wanted.branch,
        base_sha=head,
        branch=wanted.pull.head_branch
        if wanted.pull is not None and not wanted.pull.from_fork(job.task.repository)
        else "",
    )
    try:
        sha = await mirror.resolve(wanted.sha)
        commits = [await mirror.resolve(each) for each in wanted.commits]
        if not await reverts.holds(mirror, head, sha):
            return brief.model_copy(update={"stop": refusals.say_absent(sha, wanted.branch)})
        landing = await reverts.find_landing(mirror, sha, commits)
    except ObjectMissing:
        return brief.model_copy(update={"stop": refusals.say_absent(wanted.sha, wanted.branch)})
    except CannotTell as error:
        return brief.model_copy(update={"stop": error.message})
    title = brief.title if wanted.commits else visible_title(await reverts.read_subject(mirror, sha))[:300]
    brief = brief.model_copy(update={"landing": landing, "title": title})
    reversal = await reverts.reverse(mirror, head, landing)
    stop = await _find_stop(mirror, brief, landing, reversal)
    return brief.model_copy(update={"reversal": reversal, "stop": stop})


async def _find_stop(mirror: Mirror, brief: RevertBrief, landing: Landing, reversal: Reversal) -> str | None:
    """Say why it cannot be taken back, None where it can."""
    head = brief.base_sha
    if reversal.empty:
        return refusals.say_gone(brief, await reverts.find_reverting(mirror, landing, head))
    if reversal.conflicts:
        return refusals.say_conflict(brief, reversal)
    if reversal.unwritable:
        return refusals.say_unwritable(brief, reversal)
    files = reversal.changes.files
    texts = {path: await mirror.read(head, path) or files[path] for path in list_migrations(files)}
    marked = find_irreversible(read_migrations(texts))
    if marked:
        return refusals.say_migrations(brief, marked)
    try:
        await mirror.tree(head, reversal.changes)
    except PathRefused as error:
        return error.message
    return None
