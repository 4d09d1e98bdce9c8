"""Read what is red: the head, its failed jobs, their logs, and the command of the step that failed."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from typing import Any

from bot.change import request
from bot.change.recipe import Job
from bot.change.rivals import find_rival
from bot.change.stages import Stage
from bot.git.errors import GitError
from bot.git.mirrors import Mirror
from bot.github.api.access import Permissions
from bot.github.api.client import Client
from bot.github.api.errors import Forbidden, GitHubError, Invalid, NotFound
from bot.github.api.scopes import READ
from bot.github.resources import actions, ci, repos
from bot.github.resources.actions import WorkflowJob, WorkflowRun
from bot.github.resources.ci import FailedCheck
from bot.markdown import joined
from bot.types import Repository
from handlers.heal.causes import explain_records
from handlers.heal.records import HealBrief, HealTask, RedJob
from handlers.heal.searching import write_query
from handlers.heal.workflow_steps import find_command

_CHECKS: Permissions = {"checks": "read", "metadata": "read"}
_MOST = 3
_PUSHES = ("push", "schedule", "workflow_dispatch", "merge_group")
_BRANCH = re.compile(r"[\w./-]{1,200}")
HealJob = Job[HealTask]


async def read(job: HealJob) -> HealBrief:
    """Read what failed on the head; stop where no change would heal it."""
    brief = await _read_head(job)
    if brief.stop is None and not brief.runs:
        brief = _stopped(brief, "Code of a fork is not run here, and without a run nothing can be shown.")
    if brief.stop is None:
        brief = await _read_red(job, brief)
    await job.stage(Stage.READ, "failed" if brief.stop else "done", brief.stop or _name(brief))
    return brief


async def _read_head(job: HealJob) -> HealBrief:
    if job.task.subject.kind != "repository":
        return HealBrief.model_validate((await request.read(job)).model_dump())
    await job.stage(Stage.READ, "started")
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    branch = job.task.input.branch or await repos.default_branch(github, repository)
    known = _BRANCH.fullmatch(branch) is not None
    sha = await repos.find_head(github, repository, branch) if known else None
    rival = await find_rival(job, branch) if sha else "There is no such branch."
    return HealBrief(
        nonce=secrets.token_hex(8),
        title="CI fails",
        body="",
        base_branch=branch,
        base_sha=sha or "",
        stop=rival,
    )


async def _read_red(job: HealJob, brief: HealBrief) -> HealBrief:
    """Add the failed checks, and what the records of Actions tell of them."""
    repository = job.task.repository
    client = await job.services.github.for_repository(repository, _CHECKS)
    own = await job.services.github.bot()
    failed = await ci.failed_checks(client, repository, brief.base_sha)
    theirs = [check for check in failed if f"{check.app}[bot]" != own.login][:_MOST]
    runs = await _list_runs(job, sha=brief.base_sha)
    broken = [run for run in runs if run.conclusion == "startup_failure" and run.head_sha == brief.base_sha]
    if broken and not theirs:
        files = ", ".join(f"`{run.path}`" for run in broken[:_MOST])
        said = f"Configuration: GitHub could not start {files}. Workflow files are never edited by me."
        return _stopped(brief, said, kind="configuration")
    if not theirs:
        moved = job.task.input.sha not in ("", brief.base_sha)
        what = f"; {job.task.input.sha[:10]} was red, and the branch has moved on since" if moved else ""
        return _stopped(brief, f"No check fails on {brief.base_sha[:10]}{what}. So there is nothing to heal.")
    red = tuple([await _read_job(job, check, runs) for check in theirs])
    recorded = explain_records(red)
    # what failed says where to look, more than a branch's name or a pull request's title does
    title, told = await asyncio.to_thread(write_query, [one.said for one in red])
    brief = brief.model_copy(update={"red": red, "passed_too": _passed_too(red, runs), "title": title, "body": told})
    return _stopped(brief, recorded.sentence, kind=recorded.kind) if recorded is not None else brief


async def _read_job(job: HealJob, check: FailedCheck, runs: Sequence[WorkflowRun]) -> RedJob:
    """Read the job behind a check run: its steps and the excerpt of its log."""
    red = RedJob(id=check.id, name=check.name, app=check.app, conclusion=check.conclusion, said=check.said)
    if check.app != "github-actions":
        return red.model_copy(update={"why_not": f"{check.app or 'another program'} ran it, not Actions"})
    try:
        client = await _client(job)
        found = await actions.get_job(client, job.task.repository, check.id)
    except (Forbidden, Invalid, NotFound):
        return red.model_copy(update={"why_not": "the App may not read Actions here (permission group `ci`)"})
    workflow = next((run.path for run in runs if run.id == found.run), "")
    return await describe_job(client, job.task.repository, red, found, workflow)


async def describe_job(
    client: Client, repository: Repository, red: RedJob, found: WorkflowJob, workflow: str
) -> RedJob:
    """Add what Actions tells of a failed job: run, step, log's excerpt."""
    check = FailedCheck(id=found.id, name=red.name, app=red.app, conclusion=red.conclusion, said=red.said)
    log = await _read_log(client, repository, check)
    step = found.failed_step
    return red.model_copy(
        update={
            "run": found.run,
            "workflow": workflow,
            "step": step.name if step is not None else "",
            "said": joined((check.said, log)),
        }
    )


async def _read_log(client: Client, repository: Repository, check: FailedCheck) -> str:
    try:
        return await ci.job_log(client, repository, check)
    except GitHubError:  # while it runs, after its retention, or where it was cancelled: there is none
        return ""


async def _list_runs(job: HealJob, **wanted: str) -> tuple[WorkflowRun, ...]:
    try:
        return await actions.list_runs(await _client(job), job.task.repository, **wanted)
    except (Forbidden, Invalid, NotFound):
        return ()


async def _client(job: HealJob) -> Client:
    return await job.services.github.for_repository(job.task.repository, actions.READ_RUNS)


def _passed_too(red: Sequence[RedJob], runs: Sequence[WorkflowRun]) -> bool:
    """Say whether the same workflow file also passed on this commit."""
    files = {one.workflow for one in red if one.workflow}
    return bool(files) and files <= {run.path for run in runs if run.own and run.conclusion == "success"}


def _stopped(brief: HealBrief, why: str, **fields: Any) -> HealBrief:
    return brief.model_copy(update={"stop": why, **fields})


def _name(brief: HealBrief) -> str:
    return "; ".join(one.shown for one in brief.red)[:300]


async def fetch(job: HealJob, brief: HealBrief) -> HealBrief:
    """Fetch the head; find CI's commands and the last green commit."""
    brief = HealBrief.model_validate((await request.fetch(job, brief)).model_dump())
    mirror = await job.mirror(brief.base_sha)
    red = [await add_command(mirror, brief.base_sha, one) for one in brief.red]
    good = brief.pull.merge_base if brief.pull is not None else await _find_last_green(job, brief)
    return brief.model_copy(update={"red": tuple(red), "good_sha": good})


async def add_command(mirror: Mirror, sha: str, red: RedJob) -> RedJob:
    """Add the failed step's command, from that commit's workflow file."""
    text = await mirror.read(sha, red.workflow) if red.workflow and red.step else None
    if text is None:
        return red
    found = await asyncio.to_thread(find_command, text, red.name, red.step)
    return red.model_copy(update={"command": found.command, "why_not": found.why_not})


async def _find_last_green(job: HealJob, brief: HealBrief) -> str:
    """Return the newest ancestor where the same files passed, or ""."""
    files = {one.workflow for one in brief.red if one.workflow}
    runs = await _list_runs(job, branch=brief.base_branch, status="success")
    mirror = await job.mirror(brief.base_sha)
    for run in runs:
        if not run.own or run.event not in _PUSHES or run.path not in files or run.head_sha == brief.base_sha:
            continue
        try:
            if await mirror.merge_base(run.head_sha, brief.base_sha) == run.head_sha:
                return run.head_sha
        except GitError:  # a commit that a forced push has removed
            continue
    return ""
