"""Run ``forgehand deliver``: do what one event asks for, then end.

The GitHub Action runs it in a workflow, where the runner's event file is the delivery and the repository's own token
stands in for an App. Pipeline and gates are those of ``serve``. What the workflow itself asks for is started as the
API would.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot import logs
from bot.app import Desk, handling
from bot.dispatch.spec import Shown
from bot.doors.api.views import TaskReport, TaskView, load_views, make_report
from bot.doors.webhook.router import Event
from bot.local.asked import read_asked, start_asked
from bot.local.hosting import LocalError
from bot.settings import load_settings
from bot.store import audit, datadir, deliveries, reporting, tasks
from bot.store.tasks import TaskEvent
from bot.types import JsonModel
from bot.upkeep.scratch import scratch
from bot.work.services import Services

_POLL = 0.25
_COMMENT_SECONDS = 60.0  # the last comment is worth waiting for, but not for ever
_STOPPED_BY = "the workflow run"


class EndedTask(JsonModel):
    """A task and what came of it, as the API shows both.

    ``result`` is None where the task was left before it ended.
    """

    task: TaskView
    result: TaskReport | None


class DeliveryReport(JsonModel):
    """The result of one event.

    ``refusals`` say why what it asked for was not permitted, ``problem`` why it could not be handled.
    """

    tasks: tuple[EndedTask, ...]
    refusals: tuple[str, ...]
    problem: str | None


class _Standing(NamedTuple):
    """Work that is not done yet: the delivery, tasks, comments on them."""

    open: bool
    running: tuple[str, ...]
    unreported: bool


async def run(*, event: Path, name: str, guid: str, report: Path, ask: Path | None) -> bool:
    """Handle the event, or what is asked for, and write the report.

    That is a :class:`DeliveryReport` as JSON. Progress goes to stderr, the log to stdout. Interrupted, it stops the
    tasks and says so where they are shown.
    """
    settings = load_settings()
    logs.configure(settings)
    body = await asyncio.to_thread(_read_delivery, event) if ask is None else b""
    asked = None if ask is None else await asyncio.to_thread(read_asked, ask)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.to_thread(datadir.prepare, settings.data_dir)
    with scratch(settings.data_dir / "tmp"):
        async with handling(settings) as desk:
            if (problem := await desk.services.sandbox.probe()) is not None:
                _say(f"No code of the repository can run here, so nothing can be fixed. {problem}")
            refusal = None
            if asked is None:
                await desk.accept(Event.parse(guid, name, body), body)
            else:
                refusal = await start_asked(desk.services, desk.registry, asked, guid)
            await _Watch(desk, stop).until_done()
            services = desk.services
            made = await services.store.run(_report, services, guid, refusal)
    await asyncio.to_thread(report.write_text, made.model_dump_json())
    return True


def _read_delivery(file: Path) -> bytes:
    """Return the runner's event as the webhook would have brought it.

    A webhook also names the App's installation; here there is none.
    """
    try:
        payload = json.loads(file.read_bytes())
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise LocalError(f"{file} holds no event: a JSON object is expected.")
    return json.dumps({**payload, "installation": {"id": 1}}).encode()


@dataclass
class _Watch:
    """The wait for the end, with progress."""

    desk: Desk
    stop: asyncio.Event
    _after: int = 0
    _stopped: set[str] = field(default_factory=set)

    async def until_done(self) -> None:
        """Wait until all tasks have ended and their comments say so."""
        store = self.desk.services.store
        clock = asyncio.get_running_loop().time
        ended = clock()
        while True:
            for event, flow in await store.run(self._news):
                self._show(event, flow)
            standing = await store.run(self._look)
            if standing.running or (standing.open and not self.stop.is_set()):
                ended = clock()
            elif not standing.unreported or clock() - ended > _COMMENT_SECONDS:
                return
            if self.stop.is_set():
                await self._stop(standing.running)
            await asyncio.sleep(_POLL)

    async def _stop(self, running: tuple[str, ...]) -> None:
        for task in set(running) - self._stopped:
            self._stopped.add(task)
            await self.desk.services.engine.cancel(task, _STOPPED_BY)

    def _news(self, connection: sa.Connection) -> list[tuple[TaskEvent, str]]:
        found: list[tuple[TaskEvent, str]] = []
        for task_id in tasks.list_touched(connection, self._after):
            task = tasks.get(connection, task_id)
            flow = task.flow if task is not None else ""
            found += [(event, flow) for event in tasks.list_events(connection, task_id, self._after)]
        found.sort(key=lambda pair: pair[0].id)
        self._after = found[-1][0].id if found else self._after
        return found

    def _look(self, connection: sa.Connection) -> _Standing:
        unreported = [tasks.get(connection, task_id) for task_id in reporting.list_unreported(connection)]
        # A job's token is given no right later, so a comment that GitHub refused is not waited for.
        waits = [task for task in unreported if task and not task.posted.get("refused")]
        shown = [task for task in waits if self.desk.registry.show(task.flow).shown is not Shown.RESULT]
        return _Standing(
            open=deliveries.measure_depth(connection).open > 0,
            running=tuple(task.id for task in tasks.list_runnable(connection)),
            unreported=bool(shown),
        )

    def _show(self, event: TaskEvent, flow: str) -> None:
        data = event.data
        stage = self.desk.registry.show(flow).stages.get(data.get("stage"))
        words: tuple[Any, ...] = (event.kind, data.get("by") or data.get("error") or "")
        if event.kind == "stage":
            words = (stage, data.get("state"), data.get("text"))
        elif event.kind == "ended":
            words = (data.get("state"), data.get("summary"))
        _say(f"{flow} {event.task}: {': '.join(str(word) for word in words if word)}")


def _say(text: str) -> None:
    """Print one line of progress."""
    print(" ".join(text.split())[:500], file=sys.stderr, flush=True)


def _report(connection: sa.Connection, services: Services, guid: str, refusal: str | None) -> DeliveryReport:
    found = [task for task_id in tasks.list_touched(connection, 0) if (task := tasks.get(connection, task_id))]
    views = load_views(connection, found, services)
    results = [
        # what it left goes with the data directory
        make_report(task, reporting.sum_spending(connection, task.id), (), services) if view.ended else None
        for task, view in zip(found, views, strict=True)
    ]
    return DeliveryReport(
        tasks=tuple(EndedTask(task=view, result=result) for view, result in zip(views, results, strict=True)),
        refusals=tuple(audit.list_refusals(connection)) if refusal is None else (refusal,),
        problem=deliveries.find_error(connection, guid),
    )
