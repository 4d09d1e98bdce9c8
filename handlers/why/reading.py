"""Find the red commit of a pull request or a branch, and read what its jobs say."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Any

from bot import ci_logs
from bot.ci_logs import Frame
from bot.git.command import run_git
from bot.git.errors import GitError
from bot.git.mirrors import Mirror
from bot.github.api.access import Permissions
from bot.github.api.client import Client
from bot.github.api.errors import Forbidden, GitHubError, Invalid, NotFound
from bot.github.api.scopes import READ
from bot.github.resources import ci, pulls, repos
from bot.github.resources.ci import FailedCheck, JobLog
from bot.redaction import redact
from bot.work.assignment import Assignment
from handlers.answer.records import TalkTask
from handlers.why.records import FailedJob, RedCommit, TracedFrame

Inquest = Assignment[TalkTask[Any]]

CHECKS: Permissions = {"checks": "read", "metadata": "read"}
LOGS: Permissions = {"actions": "read", "metadata": "read"}
COMMITS = 20
"""Commits of a branch whose checks are read at most."""
_JOBS = 4
_FRAMES = 30
_LINES = 2_500  # characters of each job's lines in the answer
_RED = {"failure", "timed_out"}


async def read(why: Inquest) -> RedCommit:
    """Read the failing jobs of a pull request's head or the newest red commit."""
    await why.stage("read", "started")
    found = await (_read_pull(why) if why.task.is_pull else _read_branch(why))
    await why.stage("read", "done" if not found.stop else "failed")
    return found


async def _read_pull(why: Inquest) -> RedCommit:
    repository = why.task.repository
    github = await why.services.github.for_repository(repository, READ)
    pull = await pulls.get_pull(github, repository, why.task.number)
    jobs = await _read_jobs(why, pull.head_sha)
    stop = "" if jobs else f"No check of {pull.head_sha[:10]} failed, so there is nothing to explain."
    return RedCommit(
        nonce=secrets.token_hex(8),
        sha=pull.head_sha,
        base_branch=pull.base_branch,
        number=why.task.number,
        jobs=jobs,
        stop=stop,
    )


async def _read_branch(why: Inquest) -> RedCommit:
    """Read an issue's trace, else the default branch's newest red commit."""
    repository = why.task.repository
    github = await why.services.github.for_repository(repository, READ)
    branch = await repos.default_branch(github, repository)
    head = await repos.head_sha(github, repository, branch)
    found = RedCommit(nonce=secrets.token_hex(8), sha=head, branch=branch)
    if why.task.subject.kind == "issue":
        told = await asyncio.to_thread(_read_issue, f"{why.task.title}\n{why.task.body}")
        if told["trace"]:
            return found.model_copy(update=told)
    mirror = await why.fetch(branch)
    checks = await why.services.github.for_repository(repository, CHECKS)
    for sha in await list_commits(mirror, head):
        ended = await ci.conclusions(checks, repository, sha)
        if any(conclusion in _RED for _, conclusion in ended.values()):
            jobs = await _read_jobs(why, sha)
            if jobs:
                return found.model_copy(update={"sha": sha, "jobs": jobs})
            break
        if ended:
            # A newer commit is green: what was red before is over.
            break
    said = "The issue shows no stack trace that I can read, and n" if why.task.subject.kind == "issue" else "N"
    return found.model_copy(update={"stop": f"{said}o check failed on the newest commits of {branch}."})


async def list_commits(mirror: Mirror, head: str) -> list[str]:
    """List a commit and those before it on its branch, newest first."""
    argv = ["rev-list", "--first-parent", f"--max-count={COMMITS}", await mirror.resolve(head)]
    done = await run_git(argv, cwd=mirror.git_dir)
    if done.code:
        raise GitError(f"git could not list the commits before {head[:10]}:\n{done.stderr}")
    return done.text.split()


async def _read_jobs(why: Inquest, sha: str) -> tuple[FailedJob, ...]:
    repository = why.task.repository
    checks = await why.services.github.for_repository(repository, CHECKS)
    own = await why.services.github.bot()
    failed = await ci.failed_checks(checks, repository, sha)
    theirs = [check for check in failed if f"{check.app}[bot]" != own.login][:_JOBS]
    return tuple([await _read_job(why, check) for check in theirs])


async def _read_job(why: Inquest, check: FailedCheck) -> FailedJob:
    job = FailedJob(id=check.id, name=check.name, conclusion=check.conclusion, said=check.said)
    if check.app != "github-actions":
        return job.model_copy(update={"note": "Only logs of GitHub Actions can be read."})
    log = await read_log(why, check.id)
    if isinstance(log, str):
        return job.model_copy(update={"note": log})
    return await asyncio.to_thread(_digest, job, log)


async def read_log(why: Inquest, job: int) -> JobLog | str:
    """Return a job's log, or in a sentence why there is none."""
    try:
        client: Client = await why.services.github.for_repository(why.task.repository, LOGS)
        return await ci.download_log(client, why.task.repository, job)
    except Forbidden:
        return "I may not read logs: the App lacks the permission `actions: read` here."
    except (Invalid, NotFound):
        return "GitHub has no log of it any more."
    except GitHubError as error:
        return f"Its log could not be read: {error.message}"


def _digest(job: FailedJob, log: JobLog) -> FailedJob:
    """Take out of a log what is shown of it; the log itself is not kept."""
    step = ci_logs.read_step(log.text, log.period)
    return job.model_copy(
        update={
            "step": log.step[:200],
            "tests": tuple(redact(name) for name in step.tests[:50]),
            "errors": ci_logs.list_errors(step.lines, step.strong, 5),
            "cause": ci_logs.make_fingerprint(step.inside),
            "lines": ci_logs.write_excerpt(step, _LINES),
            "frames": _trace(step.inside),
            "versions": dict(list(ci_logs.find_versions(step.whole).items())[:400]),
        }
    )


def _read_issue(text: str) -> dict[str, Any]:
    """Take the stack trace and the errors out of what an issue says."""
    lines = ci_logs.read_lines(text)
    return {"trace": _trace(lines), "errors": ci_logs.find_errors(lines, 5)}


def _trace(lines: Iterable[str]) -> tuple[TracedFrame, ...]:
    frames: list[Frame] = [frame for trace in ci_logs.find_traces(tuple(lines)) for frame in trace]
    kept = [frame for frame in frames if frame.own] or frames
    return tuple(
        TracedFrame(path=frame.path[:300], function=frame.function[:100], line=frame.line, own=frame.own)
        for frame in kept[:_FRAMES]
    )
