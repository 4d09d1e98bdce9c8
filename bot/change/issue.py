"""Read an issue as it was when the task was triggered, and whether it still stands."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from bot.change import commits
from bot.change.branches import is_for
from bot.change.recipe import Job
from bot.change.records import Brief, ChangeTask, Comment
from bot.change.stages import Stage
from bot.github.api.scopes import READ
from bot.github.resources import issues, labels, pulls, repos
from bot.github.resources.issues import Issue, IssueComment
from bot.work.untrusted import visible, visible_title

_MAX_BODY = 20_000
_MAX_RAW = 60_000
_MAX_COMMENTS = 30


async def read(job: Job[ChangeTask]) -> Brief:
    """Read from GitHub what the request does not hold, if there is an issue."""
    await job.stage(Stage.READ, "started")
    task = job.task
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    number = task.subject.number
    issue = None if number is None else await issues.get_issue(github, repository, number)
    comments = [] if number is None else await issues.list_comments(github, repository, number)
    branch = await repos.default_branch(github, repository)
    base_sha = await repos.head_sha(github, repository, branch)
    brief = Brief(
        nonce=secrets.token_hex(8),
        number=number,
        title=visible_title(task.title)[:500],
        body=visible(task.body[:_MAX_RAW])[:_MAX_BODY],
        asked=visible(task.asked[:_MAX_RAW])[:_MAX_BODY],
        comments=(*_earlier(comments, task.triggered), *_answers(task)),
        base_branch=branch,
        base_sha=base_sha,
        stop=_stop(job, issue) or await find_obstacle(job),
    )
    await job.stage(Stage.READ, "failed" if brief.stop else "done", brief.stop or "")
    return brief


async def fetch(job: Job[ChangeTask], brief: Brief) -> Brief:
    """Bring the base into the mirror."""
    await job.stage(Stage.FIND, "started")
    await job.fetch(brief.base_branch)
    return brief


def _stop(job: Job[ChangeTask], issue: Issue | None) -> str | None:
    if issue is None:
        return None
    if issue.state != "open":
        return "The issue was closed before the work began, so nothing was done. Reopen and label it to start again."
    label = job.task.source_label
    if label and not any(labels.same(label, name) for name in issue.labels):
        return f"The label `{label}` was removed before the work began, so nothing was done."
    return None


async def find_obstacle(job: Job[Any]) -> str | None:
    """Say what would keep us from publishing; a patch is published nowhere."""
    if job.task.origin.outlet == "result":
        return None
    return await already_open(job) or await _ruled_out(job)


async def already_open(job: Job[Any]) -> str | None:
    """Stop where a pull request for the issue is open: two would compete."""
    if job.task.subject.number is None:
        return None
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    bot = await job.services.github.bot()
    for pull in await pulls.list_open(github, repository):
        ours = pull.author_id == bot.id and not pull.from_fork(repository)
        same = is_for(pull.head_branch, job.recipe.name, job.task.number)
        if ours and same and pull.head_branch != job.branch:
            return (
                f"#{pull.number} is already open for this issue. Close it and add the label again for another attempt."
            )
    return None


async def _ruled_out(job: Job[Any]) -> str | None:
    """Read the rules of the branch before anything is paid for."""
    said = await commits.objections(job, job.branch)
    if not said:
        return None
    return (
        f"The repository's rules would refuse what I publish: {'; '.join(said)}. Let the App bypass the rule, or set "
        "`publish` in `.github/forgehand.yml` (`prefix`, `sign_off`), then write `/retry`."
    )


def _earlier(comments: list[IssueComment], triggered: str) -> tuple[Comment, ...]:
    """Comments by people made before the trigger and not edited since."""
    moment = _time(triggered)
    kept = [
        comment
        for comment in comments
        if comment.author_type == "User" and _time(comment.created_at) <= moment and _time(comment.updated_at) <= moment
    ]
    return tuple(
        Comment(author=comment.author, text=visible(comment.body[:_MAX_RAW])[:4000])
        for comment in kept[-_MAX_COMMENTS:]
    )


def _answers(task: ChangeTask) -> tuple[Comment, ...]:
    """Answers to earlier questions that came by other doors than a comment."""
    return tuple(Comment(author=one.login, text=visible(one.text)) for one in task.origin.answers)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
