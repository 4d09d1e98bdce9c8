"""Tell what came of a task, and hand out what it left: patch, evidence, report and log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import ArtifactName, TaskId, moment
from bot.doors.api.operation import Operations, Sender
from bot.doors.api.problems import Problem
from bot.doors.api.tasks import load_task
from bot.doors.api.views import ArtifactView, TaskReport, has_ended, make_report, path_of
from bot.redaction import redact_code
from bot.store import artifacts, reporting, tasks
from bot.store.artifacts import ArtifactKind
from bot.store.tasks import Task, TaskEvent
from bot.types import JsonModel
from bot.work.artifacts import Artifact, make
from bot.work.results import Ending
from bot.work.services import Services

operations = Operations("tasks")
LOG = "log.txt"
REPORT = "report.md"
_BATCH = 500
_MEDIA: Mapping[ArtifactKind, str] = {
    "patch": "text/x-diff",
    "evidence": "application/json",
    "log": "text/plain",
    "report": "text/markdown",
    "document": "text/markdown",
    "answer": "text/markdown",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


class Artifacts(JsonModel):
    """All that a task left so far."""

    items: tuple[ArtifactView, ...]


class Download(Sender):
    """An artifact as a file to save, never as a page to show."""

    content: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "application/json": {"description": "a JSON document"},
        **{kind: {"type": "string"} for kind in ("text/markdown", "text/plain", "text/x-diff")},
    }


@dataclass(frozen=True)
class TextDownload(Download):
    """A text that is there."""

    artifact: Artifact

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send the text."""
        row = self.artifact.row
        body = self.artifact.text.encode()
        return web.Response(body=body, content_type=_MEDIA[row.kind], charset="utf-8", headers=_name(row.name))


@dataclass(frozen=True)
class LogDownload(Download):
    """A task's log, written while it is sent: it may be longer than memory."""

    services: Services
    task: str

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send a line for each event."""
        response = web.StreamResponse(headers=_name(LOG))
        response.content_type, response.charset = _MEDIA["log"], "utf-8"
        await response.prepare(request)
        after: int | None = 0
        while after is not None:
            events = await self.services.store.read(tasks.list_events, self.task, after, _BATCH)
            await response.write((await asyncio.to_thread(write_log, events, self.services)).encode())
            after = events[-1].id if len(events) == _BATCH else None
        await response.write_eof()
        return response


@operations.add("GET", "/tasks/{id}/result", scope="read", etag=True, errors={409: "the task has not ended"})
async def read_result(context: Context, caller: Caller, id: TaskId) -> TaskReport:
    """Return what came of a task that has ended."""
    services = context.services
    task = await load_task(context, caller, id)
    if not has_ended(task):
        raise Problem("The task has not ended yet.", status=409, headers={"Retry-After": "5"})
    spent = await services.store.read(lambda connection: reporting.sum_spending(connection, id))
    return make_report(task, spent, await list_views(services, task), services)


@operations.add("GET", "/tasks/{id}/artifacts", scope="read")
async def list_artifacts(context: Context, caller: Caller, id: TaskId) -> Artifacts:
    """List what a task left.

    `change.patch` is for `git apply`, `evidence.json` says what ran, `report.md` is for people, `log.txt` is what the
    task reported as it went. Credentials are taken out.
    """
    task = await load_task(context, caller, id)
    return Artifacts(items=await list_views(context.services, task))


@operations.add("GET", "/tasks/{id}/artifacts/{name}", scope="read")
async def read_artifact(context: Context, caller: Caller, id: TaskId, name: ArtifactName) -> Download:
    """Fetch something that a task left."""
    services = context.services
    task = await load_task(context, caller, id)
    if name == LOG:
        return LogDownload(services, id)
    kept = await services.store.read(artifacts.find, id, name)
    if kept is not None:
        row, text = kept
        # a secret that came into the settings later is taken out as well
        return TextDownload(await asyncio.to_thread(make, row.name, row.kind, text, services.settings.secrets))
    report = await _make_report(services, task)
    if report is not None and name == REPORT:
        return TextDownload(report)
    raise Problem(f"The task left no `{name}`; the list says what it left.", status=404)


async def list_views(services: Services, task: Task) -> tuple[ArtifactView, ...]:
    """List the artifacts of a task by name."""
    rows = await services.store.read(artifacts.list_of, task.id)
    report = await _make_report(services, task)
    rows += [] if report is None else [report.row]
    views = [_view(task.id, row.kind, **row._asdict()) for row in rows]
    log = _view(task.id, "log", name=LOG, kind="log", size=None, cut=False)
    return tuple(sorted([*views, log], key=lambda view: view.name))


def write_log(events: Sequence[TaskEvent], services: Services) -> str:
    """Write a line for each event, without credentials."""
    lines = (write_line(event) for event in events)
    return redact_code("".join(f"{line}\n" for line in lines), services.settings.secrets)


def write_line(event: TaskEvent) -> str:
    """Write an event as a line of the log."""
    said = " ".join(f"{key}={value}" for key, value in event.data.items() if value != "")
    return f"{moment(event.at)} {event.kind} {' '.join(said.replace(chr(0), '').split())}".rstrip()


def _view(task: str, media: ArtifactKind, **values: Any) -> ArtifactView:
    return ArtifactView(media_type=_MEDIA[media], url=f"{path_of(task)}/artifacts/{values['name']}", **values)


async def _make_report(services: Services, task: Task) -> Artifact | None:
    """Make the report that stands in the task's row."""
    ending = Ending.model_validate(task.data)
    if not ending.report:
        return None
    kind: ArtifactKind = "report"
    if ending.form == "document" or ending.form == "answer":
        kind = ending.form
    return await asyncio.to_thread(make, REPORT, kind, ending.report, services.settings.secrets)


def _name(name: str) -> dict[str, str]:
    return {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
