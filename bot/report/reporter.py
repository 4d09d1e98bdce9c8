"""The reporter: keeps every task's status comment true, whatever became of the task.

No step: it reads what steps recorded, so it also closes the comments of tasks that were cancelled, gave up or were
lost with their process. Progress is coalesced: a new stage after two seconds, else after 5, 15, then every 60 s.
Of the processes that share a database one reports, or two comments could appear.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog

from bot.change.services import Services
from bot.engine.port import FINAL_STATES
from bot.github import issues
from bot.github.errors import GitHubError, NotFound, ProgressDropped
from bot.github.markers import Marker, with_marker
from bot.report.status import StatusView, status_text
from bot.store import reporting, tasks
from bot.store.lease import Lease
from bot.store.store import now_ms
from bot.store.tasks import Task, TaskEvent
from bot.types import Repository, Target

_COMMENT = {"issues": "write", "metadata": "read"}
_LEASE = 0x464F524A
_POLL = 0.25
_STANDBY = 2.0
_STAGE_PAUSE = 2.0
_TICKS = (5.0, 15.0, 60.0)
_LONGEST_PAUSE = 900.0
log = structlog.get_logger(__name__)


@dataclass
class _Watched:
    """What the reporter knows of one unfinished comment. Times are the loop's clock."""

    shown: int = 0
    newest: int = 0
    ticks: int = 0
    posted_at: float = float("-inf")
    busy: bool = False
    failures: int = 0


@dataclass
class Reporter:
    """Runs beside the engine until cancelled."""

    services: Services
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _posting: set[asyncio.Task[None]] = field(default_factory=set)
    _after: int = 0

    async def run(self) -> None:
        """Report from when no other process does. Raises what the database raises; it may be called again then."""
        lease = Lease(self.services.store, _LEASE)
        try:
            while not await lease.take():  # noqa: ASYNC110 - the end of another process is no event here
                await asyncio.sleep(_STANDBY)
            await self._resume()
            while True:
                await lease.confirm()
                await self._look()
                self._begin_due()
                await asyncio.sleep(_POLL)
        finally:
            for posting in self._posting:
                posting.cancel()
            await asyncio.gather(*self._posting, return_exceptions=True)
            await lease.release()

    async def _resume(self) -> None:
        """Take up what an earlier process left open: active tasks, and ended ones whose comment was not closed."""
        self._watched = {task_id: _Watched(newest=1) for task_id in await self.services.store.run(reporting.unreported)}

    async def _look(self) -> None:
        news = await self.services.store.run(lambda connection: tasks.touched(connection, self._after))
        for task_id, event in news.items():
            self._watched.setdefault(task_id, _Watched()).newest = event
            self._after = max(self._after, event)

    def _begin_due(self) -> None:
        """Post what is due, aside, so that one slow comment delays no other."""
        now = asyncio.get_running_loop().time()
        for task_id, watched in self._watched.items():
            if not watched.busy and self._is_due(watched, now):
                self._begin(task_id, watched, now)

    def _is_due(self, watched: _Watched, now: float) -> bool:
        waited = now - watched.posted_at
        if watched.failures:
            return waited >= min(_STAGE_PAUSE * 2.0 ** min(watched.failures, 10), _LONGEST_PAUSE)
        if watched.newest > watched.shown:
            return waited >= _STAGE_PAUSE
        return waited >= _TICKS[min(watched.ticks, len(_TICKS) - 1)]

    def _begin(self, task_id: str, watched: _Watched, now: float) -> None:
        watched.ticks = 0 if watched.newest > watched.shown else watched.ticks + 1
        watched.busy, watched.posted_at = True, now
        posting = asyncio.create_task(self._post(task_id, watched))
        self._posting.add(posting)
        posting.add_done_callback(self._posting.discard)

    async def _post(self, task_id: str, watched: _Watched) -> None:
        """Never gives up while the comment is not closed: a pause follows each failure, longer every time."""
        newest = watched.newest
        try:
            if await self._update(task_id):
                self._watched.pop(task_id, None)
            watched.shown, watched.failures = newest, 0
        except ProgressDropped:
            pass
        except GitHubError as error:
            watched.failures += 1
            log.warning("status comment not updated", task=task_id, error=str(error))
        except Exception:  # the boundary of one comment: what is wrong with it must not stop the others
            watched.failures += 1
            log.exception("status comment not updated", task=task_id)
        finally:
            watched.busy = False

    async def _update(self, task_id: str) -> bool:
        """Create or edit the comment; True where the task has ended and the comment says so."""
        task, events, spent = await self.services.store.run(lambda connection: _snapshot(connection, task_id))
        if task.number is None or task.posted.get("closed") or reporting.is_past(task.ended):
            return True
        final = task.state in FINAL_STATES
        body = self.services.outgoing(status_text(_view(task, events, spent)))
        comment = await self._show(task, task.number, body, final=final)
        ids = {"status": comment, **({"closed": True} if final else {})}
        await self.services.store.run(lambda connection: tasks.merge_posted(connection, task.id, ids))
        return final

    async def _show(self, task: Task, number: int, body: str, *, final: bool) -> int:
        """Let the task's comment say this; its id. One that somebody deleted is forgotten, and made anew next time."""
        repository, marker = _repository(task), Marker(task=task.id, part="status")
        github = await self.services.github.for_repository(repository, _COMMENT)
        comment: int | None = task.posted.get("status")
        if comment is None:
            bot = await self.services.github.bot()
            posted = await issues.ensure_comment(github, repository, number, body, marker=marker, bot_id=bot.id)
            # A process that died before it could remember the id left a comment that tells of earlier times.
            if posted.body == with_marker(body, marker):
                return posted.id
            comment = posted.id
        try:
            manner = issues.FINAL if final else issues.PROGRESS
            await issues.update_comment(github, repository, comment, body, marker=marker, manner=manner)
        except NotFound:
            await self.services.store.run(lambda connection: tasks.merge_posted(connection, task.id, {"status": None}))
            raise
        return comment


def _snapshot(connection: sa.Connection, task_id: str) -> tuple[Task, list[TaskEvent], reporting.Spent]:
    task = tasks.get(connection, task_id)
    if task is None:
        raise LookupError(f"task {task_id} has events but no row")
    return task, tasks.events(connection, task_id), reporting.spent_by_task(connection, task_id)


def _repository(task: Task) -> Repository:
    return Target.model_validate(task.argument).repository


def _view(task: Task, events: list[TaskEvent], spent: reporting.Spent) -> StatusView:
    return StatusView(
        task=task.id,
        flow=task.flow,
        actor=task.actor,
        state=task.state,
        summary=str((task.result or {}).get("summary", "")),
        stages=[event.data for event in events if event.kind == "stage"],
        created=task.created,
        now=task.ended or now_ms(),
        dollars=spent.dollars,
        calls=spent.calls,
    )
