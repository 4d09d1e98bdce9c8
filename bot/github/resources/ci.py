"""Read what CI said of a commit: failed check runs, and the logs of jobs of Actions."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple

from bot.ci_logs import Period, excerpt
from bot.github.api.client import Client, within
from bot.github.api.errors import NotFound
from bot.redaction import redact
from bot.types import JsonModel, Repository

_BAD = {"failure", "timed_out"}
_SAID = 6_000
_MOST = 10


class FailedCheck(JsonModel):
    """A check run that did not pass; ``said``: title, summary, notes."""

    id: int
    name: str
    app: str
    conclusion: str
    said: str


class JobLog(NamedTuple):
    """A job's log, with the step that failed where GitHub says which."""

    text: str
    step: str = ""
    period: Period | None = None


async def failed_checks(client: Client, repository: Repository, sha: str) -> tuple[FailedCheck, ...]:
    """Return a commit's ten newest failed check runs, with annotations."""
    url = "/repos/{owner}/{repo}/commits/{sha}/check-runs{?filter,per_page}"
    runs = client.items(url, within(repository, sha=sha, filter="latest", per_page=100), key="check_runs")
    bad = [run async for run in runs if run.get("conclusion") in _BAD][:_MOST]
    return tuple([await _check(client, repository, run) for run in bad])


async def conclusions(client: Client, repository: Repository, sha: str) -> dict[str, tuple[int, str]]:
    """Return id and conclusion of each check run of a commit that ended."""
    url = "/repos/{owner}/{repo}/commits/{sha}/check-runs{?filter,per_page}"
    runs = client.items(url, within(repository, sha=sha, filter="latest", per_page=100), key="check_runs")
    return {
        str(run.get("name") or ""): (int(run["id"]), str(run["conclusion"]))
        async for run in runs
        if run.get("conclusion")
    }


async def job_log(client: Client, repository: Repository, check: FailedCheck) -> str:
    """Return a job's telling lines, without secrets; a check run has its id."""
    log = await download_log(client, repository, check.id)
    return await asyncio.to_thread(excerpt, log.text, step=log.period)


async def download_log(client: Client, repository: Repository, job: int) -> JobLog:
    """Return the whole log of a job, secrets included."""
    where = within(repository, id=job)
    text = await client.download("/repos/{owner}/{repo}/actions/jobs/{id}/logs", where)
    try:
        found = await client.get("/repos/{owner}/{repo}/actions/jobs/{id}", where)
    except NotFound:
        return JobLog(text)
    for step in found.get("steps") or ():
        if step.get("conclusion") in _BAD:
            return JobLog(text, str(step.get("name") or ""), _read_period(step))
    return JobLog(text)


def _read_period(step: Any) -> Period | None:
    try:
        start, end = (datetime.fromisoformat(str(step[key])) for key in ("started_at", "completed_at"))
    except (KeyError, ValueError):
        return None
    return Period(start, end) if start.tzinfo and end.tzinfo else None


async def _check(client: Client, repository: Repository, run: Any) -> FailedCheck:
    output = run.get("output") or {}
    lines = [str(output.get(key) or "") for key in ("title", "summary")]
    if output.get("annotations_count"):
        url = "/repos/{owner}/{repo}/check-runs/{id}/annotations?per_page=50"
        found = await client.get(url, within(repository, id=run["id"]))
        lines += [f"{item.get('path')}:{item.get('start_line')}: {item.get('message')}" for item in found]
    told = "\n".join(line for line in lines if line)[: 2 * _SAID]
    return FailedCheck(
        id=run["id"],
        name=str(run.get("name") or ""),
        app=str((run.get("app") or {}).get("slug") or ""),
        conclusion=str(run.get("conclusion")),
        said=(await asyncio.to_thread(redact, told))[:_SAID],
    )
