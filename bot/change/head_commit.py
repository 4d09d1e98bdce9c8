"""Publish a change as a commit on the pull request's branch, with a lease on the head that was read."""

from __future__ import annotations

from typing import Any

from bot.change import commits
from bot.change.recipe import AnyEvidence, Job
from bot.change.stages import Stage
from bot.git.errors import NonFastForward
from bot.github.api.scopes import READ
from bot.github.resources import pulls
from bot.types import JsonModel

_MOVED = (
    "Somebody pushed to the branch while I worked. Nothing of theirs was touched and nothing of mine was pushed; ask "
    "again to build on what is there now."
)
# the width at which git's own tools and GitHub's lists cut a subject
_SUBJECT = 72


class PushResult(JsonModel):
    """The commit that was pushed, or in words why none was."""

    sha: str | None = None
    stop: str = ""


async def push(job: Job[Any], evidence: AnyEvidence, message: str) -> PushResult:
    """Push the tested tree as a commit on the head, unless that has moved."""
    await job.stage(Stage.PUBLISH, "started")
    ends = evidence.brief.pull
    report = evidence.report
    assert ends is not None, "only a pull request has a head to push to"
    assert report is not None, "only what passed the gates is pushed"
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    pull = await pulls.get_pull(github, repository, job.task.number)
    if pull.state != "open":
        return PushResult(stop="The pull request was closed meanwhile, so nothing was pushed.")
    sha = report.base_sha
    try:
        sha = await commits.put(job, report, message, ends.branch, triggered=job.task.triggered, expect=sha)
    except NonFastForward:
        return PushResult(stop=_MOVED)
    return PushResult(sha=sha)


def subject(text: str) -> str:
    """Cut a line to a commit's subject: behind a clause, else behind a word."""
    if len(text) <= _SUBJECT:
        return text
    clause = text[:_SUBJECT].rpartition(", ")[0]
    if len(clause) >= _SUBJECT // 3:
        return clause
    cut = text[: _SUBJECT - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
