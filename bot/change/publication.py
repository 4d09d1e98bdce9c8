"""Publish: state, base and head read again, then one branch, one pull request, one comment that notifies."""

from __future__ import annotations

import textwrap
from typing import Any

from bot.change import commits
from bot.change.issue import already_open
from bot.change.job import Job, PullText
from bot.change.localization import fetch_base
from bot.change.records import Brief, Evidence, GateReport, Published
from bot.git.changes import Changes
from bot.github.api.scopes import COMMENT, OPEN_PULL, READ
from bot.github.resources import issues, pulls, repos
from bot.github.resources.pulls import Pull
from bot.github.text.markers import Marker, with_marker
from bot.github.text.outgoing import MAX_TEXT, cap, outgoing_line
from bot.github.text.sections import section
from bot.store import reporting
from bot.types import JsonModel
from bot.work.assignment import Assignment
from bot.work.locked import unless_locked

_SAID = 1_000
EVIDENCE = "evidence"
"""The section of our pull requests' text that is written anew when they are revised."""


class Recheck(JsonModel):
    """What changed on GitHub meanwhile: ``stop`` where it must not be published, and the base as it is now."""

    base_branch: str
    base_sha: str
    stop: str | None = None
    conflicts: tuple[str, ...] = ()
    edited: bool = False


async def recheck(job: Job, brief: Brief, changes: Changes) -> Recheck:
    """Is the issue still open, and does the change still fit on the base as it is now?"""
    await job.stage("publish", "started")
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    issue = await issues.get_issue(github, repository, job.task.number)
    branch = brief.base_branch
    base_sha = await repos.find_head(github, repository, branch)
    if base_sha is None:  # renamed meanwhile, or replaced as the default
        branch = await repos.default_branch(github, repository)
        base_sha = await repos.head_sha(github, repository, branch)
    now = Recheck(base_branch=branch, base_sha=base_sha)
    edited = (issue.title, issue.body or "") != (job.task.title, job.task.body)
    if issue.state != "open":
        return now.model_copy(update={"stop": "The issue was closed meanwhile, so nothing was published."})
    if stop := await already_open(job):
        return now.model_copy(update={"stop": stop})
    if base_sha == brief.base_sha:
        return now.model_copy(update={"edited": edited})
    await fetch_base(job, branch)
    mirror = await job.services.mirrors.of(repository)
    before = {entry.path: entry.sha for entry in await mirror.entries(brief.base_sha)}
    after = {entry.path: entry.sha for entry in await mirror.entries(base_sha)}
    conflicts = tuple(sorted(path for path in changes.files if before.get(path) != after.get(path)))
    return now.model_copy(update={"conflicts": conflicts, "edited": edited})


async def open_pull(job: Job, evidence: Evidence, head_sha: str) -> Published:
    """The pull request and the comment that names it: one step, so that a cancel leaves no pull request unnamed.

    Running it again finds what is there: the pull request by its head, the comment by its marker.
    """
    text = job.capability.pull(evidence, job.task_id)
    pull = await _open(job, evidence, text)
    await notify(job, job.capability.final(evidence, job.task_id, pull.html_url))
    await job.stage("publish", "done", f"#{pull.number}")
    return Published(branch=job.branch, head_sha=head_sha, number=pull.number, url=pull.html_url, draft=pull.draft)


async def push(job: Job, evidence: Evidence, report: GateReport) -> str:
    """Commit the tested tree and push it to the task's own branch; the head's sha, the same on every try."""
    return await commits.put(job, report, _message(job, evidence), job.branch, triggered=job.task.triggered)


def _message(job: Job, evidence: Evidence) -> str:
    """What a reader of the history wants to know: the bug, its cause, what was done, and the issue."""
    secrets = job.services.settings.secrets
    said = [outgoing_line(text, limit=_SAID, secrets=secrets) for text in (evidence.cause, evidence.change)]
    paragraphs = [textwrap.fill(text, 72, break_long_words=False, break_on_hyphens=False) for text in said if text]
    title = _title(job, job.capability.pull(evidence, job.task_id))
    return "\n\n".join([title, *paragraphs, f"Fixes #{job.task.number}"]) + "\n"


def _title(job: Job, text: PullText) -> str:
    return outgoing_line(text.title, secrets=job.services.settings.secrets)


async def _open(job: Job, evidence: Evidence, text: PullText) -> Pull:
    """Open the pull request, or find the one that an interrupted attempt opened."""
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, OPEN_PULL)
    told = job.services.outgoing(text.told, closes=job.task.number)
    part = section(EVIDENCE, cap(job.services.outgoing(text.evidence), MAX_TEXT - len(told)))
    pull = await pulls.open_pull(
        github,
        repository,
        head=job.branch,
        base=evidence.brief.base_branch,
        title=_title(job, text),
        body=with_marker(f"{told}\n\n{part}", Marker(task=job.task_id, part="pull")),
        draft=not evidence.verified,
    )
    await job.audit(f"open pull request #{pull.number}", allowed=True, reason=job.branch)
    return pull


async def notify(job: Assignment[Any], text: str) -> int | None:
    """Post the one comment that notifies people, once however often the step runs; its id.

    None where GitHub lets nobody say anything: a locked conversation undoes nothing of what was published.
    """
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, COMMENT)
    marker = Marker(task=job.task_id, part="final")
    bot = await job.services.github.bot()
    body = job.services.outgoing(text)
    with unless_locked("notify"):
        comment = await issues.ensure_comment(github, repository, job.task.number, body, marker=marker, bot_id=bot.id)
        return comment.id
    return None


async def account(job: Job, evidence: Evidence) -> Evidence:
    """Add what the task has cost by now; a change kept from an earlier attempt says what it cost there."""
    if evidence.calls:
        return evidence
    spent = await job.services.store.run(lambda connection: reporting.sum_spending(connection, job.task_id))
    return evidence.model_copy(update={"dollars": spent.dollars, "calls": spent.calls})
