"""Tell what came of a task, and hand out what it left: patch, evidence, report and log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from aiohttp import web

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import ArtifactName, TaskId, moment
from bot.doors.api.operation import Operations, Sender
from bot.doors.api.problems import Problem
from bot.doors.api.tasks import load_task
from bot.doors.api.views import ArtifactView, TaskReport, has_ended, make_report, path_of
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


@dataclass(frozen=True)
class Download(Sender):
    """An artifact as a file to save, never as a page to show."""

    artifact: Artifact
    content: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "application/json": {"description": "a JSON document"},
        **{kind: {"type": "string"} for kind in ("text/markdown", "text/plain", "text/x-diff")},
    }

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send the text."""
        row = self.artifact.row
        name = {"Content-Disposition": f'attachment; filename="{row.name}"'}
        body = self.artifact.text.encode()
        return web.Response(body=body, content_type=_MEDIA[row.kind], charset="utf-8", headers=_HEADERS | name)


@operations.add("GET", "/tasks/{id}/result", scope="read", etag=True, errors={409: "the task has not ended"})
async def read_result(context: Context, caller: Caller, id: TaskId) -> TaskReport:
    """Return what came of a task that has ended."""
    services = context.services
    task = await load_task(context, caller, id)
    if not has_ended(task):
        raise Problem("The task has not ended yet.", status=409, headers={"Retry-After": "5"})
    spent = await services.store.run(lambda connection: reporting.sum_spending(connection, id))
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
    kept = await services.store.run(lambda connection: artifacts.find(connection, id, name))
    if kept is not None:
        row, text = kept
        # a secret that came into the settings later is taken out as well
        return Download(await asyncio.to_thread(make, row.name, row.kind, text, services.settings.secrets))
    for artifact in await _make_derived(services, task):
        if artifact.row.name == name:
            return Download(artifact)
    raise Problem(f"The task left no `{name}`; the list says what it left.", status=404)


async def list_views(services: Services, task: Task) -> tuple[ArtifactView, ...]:
    """List the artifacts of a task by name."""
    kept = await services.store.run(lambda connection: artifacts.list_of(connection, task.id))
    rows = [*kept, *(each.row for each in await _make_derived(services, task))]
    return tuple(
        ArtifactView(media_type=_MEDIA[row.kind], url=f"{path_of(task.id)}/artifacts/{row.name}", **row._asdict())
        for row in sorted(rows)
    )


async def _make_derived(services: Services, task: Task) -> list[Artifact]:
    """Make what stands in the task's row and events already."""
    events = await services.store.run(lambda connection: tasks.list_events(connection, task.id))
    ending = Ending.model_validate(task.data)
    seal = partial(make, secrets=services.settings.secrets)
    found = [await asyncio.to_thread(seal, LOG, "log", _write_log(events))]
    if ending.report:
        kind: ArtifactKind = "report"
        if ending.form == "document" or ending.form == "answer":
            kind = ending.form
        found.append(await asyncio.to_thread(seal, REPORT, kind, ending.report))
    return found


def _write_log(events: Sequence[TaskEvent]) -> str:
    """Write a line for each event."""
    lines = []
    for event in events:
        said = " ".join(f"{key}={value}" for key, value in event.data.items() if value != "")
        lines.append(f"{moment(event.at)} {event.kind} {' '.join(said.split())}".rstrip())
    return "\n".join(lines) + "\n"
