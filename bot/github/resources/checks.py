"""Check runs of our App, one for each external id on a commit."""

from __future__ import annotations

import re
from typing import Any, Literal

from bot.github.api.client import Client, within
from bot.github.api.pacer import Urgency
from bot.github.api.transport import RequestOptions
from bot.github.resources.effects import once
from bot.types import JsonModel, Repository

Status = Literal["queued", "in_progress", "completed"]
Conclusion = Literal["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"]
MAX_TEXT = 65_535
"""Bytes of a summary or text: GitHub's documents say characters, its refusal says "maximum bytesize"."""
MAX_ANNOTATIONS = 50
_MAX_MESSAGE = 64 * 1024  # bytes of an annotation's message
_MAX_TITLE = 255
_FOR_PULL = re.compile(r"pull-(\d{1,9})-.*")
_PROGRESS = RequestOptions(urgency=Urgency.PROGRESS)
_FIRST = RequestOptions(urgency=Urgency.ACKNOWLEDGE, repeatable=False)
_FINAL = RequestOptions(urgency=Urgency.FINAL)


class Action(JsonModel):
    """A button, shown once the check run has ended.

    GitHub takes a label of 20, a description of 40 and an identifier of 20 characters:
    https://docs.github.com/en/rest/checks/runs#create-a-check-run
    """

    label: str
    description: str
    identifier: str


class Annotation(JsonModel):
    """A remark on lines of the head, also of those that are not in the diff."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    title: str
    message: str


class CheckReport(JsonModel):
    """The content of a check run."""

    title: str
    summary: str  # cut at 65,535 bytes, as ``text``
    text: str = ""
    conclusion: Conclusion | None = None  # None while it is in progress
    details_url: str | None = None
    actions: tuple[Action, ...] = ()
    annotations: tuple[Annotation, ...] = ()  # the first fifty are sent; GitHub adds them to those it has


class CheckRun(JsonModel):
    id: int
    name: str
    head_sha: str
    external_id: str
    status: str
    conclusion: str | None
    html_url: str


async def find_check(
    client: Client, repository: Repository, head_sha: str, name: str, external_id: str
) -> CheckRun | None:
    """Return the newest run of a name and external id on a commit."""
    url = "/repos/{owner}/{repo}/commits/{sha}/check-runs{?check_name,filter,per_page}"
    query = {"sha": head_sha, "check_name": name, "filter": "all", "per_page": 100}
    runs = client.items(url, within(repository, **query), key="check_runs")
    found = [_run(item) async for item in runs if item.get("external_id") == external_id]
    return max(found, key=lambda run: run.id, default=None)


async def list_of_suite(client: Client, repository: Repository, suite: int) -> list[CheckRun]:
    """Return the newest run of each name in a check suite."""
    url = "/repos/{owner}/{repo}/check-suites/{suite}/check-runs{?filter,per_page}"
    query = {"suite": suite, "filter": "latest", "per_page": 100}
    return [_run(item) async for item in client.items(url, within(repository, **query), key="check_runs")]


async def put_check(
    client: Client, repository: Repository, head_sha: str, name: str, external_id: str, report: CheckReport
) -> CheckRun:
    """Create the check run, or bring the one with this external id up to date."""

    async def find() -> CheckRun | None:
        return await find_check(client, repository, head_sha, name, external_id)

    async def make() -> CheckRun:
        return await create_check(client, repository, head_sha, name, external_id, report)

    known = await find()
    return await update_check(client, repository, known.id, report) if known else await once(find, make)


async def create_check(
    client: Client, repository: Repository, head_sha: str, name: str, external_id: str, report: CheckReport
) -> CheckRun:
    """Create the check run without looking for it: only for a first try."""
    data = {"name": name, "head_sha": head_sha, "external_id": external_id, **_body(report)}
    return _run(await client.post("/repos/{owner}/{repo}/check-runs", within(repository), data, options=_FIRST))


async def update_check(client: Client, repository: Repository, run_id: int, report: CheckReport) -> CheckRun:
    """Bring a check run up to date; only progress raises ProgressDropped."""
    url = "/repos/{owner}/{repo}/check-runs/{id}"
    options = _FINAL if report.conclusion else _PROGRESS
    return _run(await client.patch(url, within(repository, id=run_id), _body(report), options=options))


def _body(report: CheckReport) -> dict[str, Any]:
    output: dict[str, Any] = {"title": report.title[:_MAX_TITLE], "summary": _cut(report.summary, MAX_TEXT)}
    if report.text:
        output["text"] = _cut(report.text, MAX_TEXT)
    if report.annotations:
        output["annotations"] = [_annotation(each) for each in report.annotations[:MAX_ANNOTATIONS]]
    state = {"status": "completed", "conclusion": report.conclusion} if report.conclusion else {"status": "in_progress"}
    details = {"details_url": report.details_url} if report.details_url else {}
    actions = {"actions": [action.model_dump() for action in report.actions]} if report.actions else {}
    return {**state, **details, **actions, "output": output}


def _annotation(one: Annotation) -> dict[str, Any]:
    # one that is too long would have the whole check run refused
    return one.model_dump() | {"title": one.title[:_MAX_TITLE], "message": _cut(one.message, _MAX_MESSAGE)}


def _cut(text: str, most: int) -> str:
    """Return as much of a text as fits into ``most`` bytes of UTF-8."""
    return text.encode(errors="replace")[:most].decode(errors="ignore")


def _run(data: Any) -> CheckRun:
    return CheckRun(
        id=data["id"],
        name=data.get("name") or "",
        head_sha=data.get("head_sha") or "",
        external_id=data.get("external_id") or "",
        status=data.get("status") or "",
        conclusion=data.get("conclusion"),
        html_url=data.get("html_url") or "",
    )


def external_id_for(number: int, delivery: str) -> str:
    """Return the external id of a check run that belongs to no task."""
    return f"pull-{number}-{delivery}"


def pull_of(external_id: str) -> int | None:
    """Return the pull request in an id of :func:`external_id_for`."""
    found = _FOR_PULL.fullmatch(external_id)
    return int(found[1]) if found else None
