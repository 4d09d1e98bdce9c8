"""Read what CI said of a commit: failed check runs, and the logs of jobs of Actions."""

from __future__ import annotations

import re
from typing import Any

from bot.github.api.client import Client, within
from bot.redaction import redact
from bot.types import JsonModel, Repository

_BAD = {"failure", "timed_out"}
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ERROR = re.compile(r"^##\[error\]", re.MULTILINE)
_BEFORE = 6_000
_AFTER = 2_000
_MOST = 10


class FailedCheck(JsonModel):
    """A check run that did not pass; ``said``: title, summary, notes."""

    id: int
    name: str
    app: str
    conclusion: str
    said: str


async def failed_checks(client: Client, repository: Repository, sha: str) -> tuple[FailedCheck, ...]:
    """Return a commit's ten newest failed check runs, with annotations."""
    url = "/repos/{owner}/{repo}/commits/{sha}/check-runs{?filter,per_page}"
    runs = client.items(url, within(repository, sha=sha, filter="latest", per_page=100), key="check_runs")
    bad = [run async for run in runs if run.get("conclusion") in _BAD][:_MOST]
    return tuple([await _check(client, repository, run) for run in bad])


async def job_log(client: Client, repository: Repository, check: FailedCheck) -> str:
    """Return a job's log around its first error; a check run has its id."""
    text = await client.download("/repos/{owner}/{repo}/actions/jobs/{id}/logs", within(repository, id=check.id))
    return redact(excerpt(text))


def excerpt(log: str) -> str:
    """Return a log's lines around its first error, without times and colours."""
    plain = _COLOUR.sub("", _STAMP.sub("", log))
    first = _ERROR.search(plain)
    if first is None:
        return plain[-(_BEFORE + _AFTER) :]
    return plain[max(0, first.start() - _BEFORE) : first.start() + _AFTER]


async def _check(client: Client, repository: Repository, run: Any) -> FailedCheck:
    output = run.get("output") or {}
    lines = [str(output.get(key) or "") for key in ("title", "summary")]
    if output.get("annotations_count"):
        url = "/repos/{owner}/{repo}/check-runs/{id}/annotations?per_page=50"
        found = await client.get(url, within(repository, id=run["id"]))
        lines += [f"{item.get('path')}:{item.get('start_line')}: {item.get('message')}" for item in found]
    return FailedCheck(
        id=run["id"],
        name=str(run.get("name") or ""),
        app=str((run.get("app") or {}).get("slug") or ""),
        conclusion=str(run.get("conclusion")),
        said=redact("\n".join(line for line in lines if line)[:_BEFORE]),
    )
