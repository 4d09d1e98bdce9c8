"""Keep every task's status comment and check run up to date.

The reporter is no step: it reads what steps recorded, so it also closes the comments of tasks that were cancelled, gave
up or were lost with their process. Progress is coalesced: a new stage after two seconds, else after 5, 15, then every
60 s. Of the processes that share a database one reports, or two comments could appear.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
import structlog

from bot.dispatch.registry import Registry
from bot.dispatch.spec import Shown, TaskResult, TaskSpec
from bot.dispatch.status import StatusView, check_report, status_text
from bot.engine.port import FINAL_STATES
from bot.github.api.errors import Forbidden, GitHubError, Gone, NotFound, ProgressDropped, Transferred
from bot.github.api.scopes import CHECKS, COMMENT
from bot.github.api.transport import SILENCE_SECONDS
from bot.github.resources import checks, issues, reply_targets
from bot.github.resources.checks import CheckReport
from bot.github.resources.reply_targets import ReplyTarget
from bot.github.text.markers import Marker, with_marker
from bot.store import reporting, tasks, turns
from bot.store.database import now_ms
from bot.store.lease import Lease
from bot.store.tasks import Task, TaskEvent
from bot.work.origin import Request
from bot.work.services import Services

_LEASE = 0x464F524A
_POLL = 0.25
_IDLE_POLL = 5.0  # while no task is active and the engine tells of none
_STANDBY = 2.0
_STAGE_PAUSE = 2.0
_TICKS = (5.0, 15.0, 60.0)
_CALM_TICKS = (15.0, 60.0)
_QUEUED_TICKS = (60.0, 300.0, 900.0)  # thousands may wait
_LONGEST_PAUSE = 900.0
log = structlog.get_logger(__name__)


@dataclass
class _TaskWatch:
    """The state of one unfinished comment, in times of the loop's clock."""

    shown: int = 0
    newest: int = 0
    ticks: int = 0
    posted_at: float = float("-inf")
    busy: bool = False
    failures: int = 0
    calm: bool = False
    queued: bool = False
    ended: bool = False


@dataclass
class Reporter:
    """The loop that posts progress; it runs until cancelled."""

    services: Services
    registry: Registry
    _watched: dict[str, _TaskWatch] = field(default_factory=dict)
    _posting: set[asyncio.Task[None]] = field(default_factory=set)
    _after: int = 0

    async def run(self) -> None:
        """Report once no other process does; raise the database's errors."""
        lease = Lease(self.services.store, _LEASE, patience=SILENCE_SECONDS)
        try:
            while not await lease.take():  # noqa: ASYNC110 - the end of another process is no event here
                await asyncio.sleep(_STANDBY)
            # What an earlier process left: tasks that are active, and those whose comment was never closed.
            # The place is taken before: what ends meanwhile is told from there on. All before it may be years of work.
            self._after = await self.services.store.run(tasks.find_newest)
            left = await self.services.store.run(reporting.list_unreported)
            self._watched = {task_id: _TaskWatch(newest=1) for task_id in left}
            await self._stand(self._watched)
            while True:
                await lease.confirm()
                await self._look()
                self._begin_due()
                await (asyncio.sleep(_POLL) if self._watched else self.services.engine.listen(_IDLE_POLL))
        finally:
            for posting in self._posting:
                posting.cancel()
            await asyncio.gather(*self._posting, return_exceptions=True)
            await lease.release()

    async def _look(self) -> None:
        news = await self.services.store.run(tasks.list_touched, self._after)
        for task_id, event in news.items():
            self._watched.setdefault(task_id, _TaskWatch()).newest = event
            self._after = max(self._after, event)
        await self._stand(news)

    async def _stand(self, task_ids: Collection[str]) -> None:
        """Update which tasks have ended, and which have no comment while they run."""
        if not task_ids:
            return
        found = await self.services.store.run(reporting.load_summaries, task_ids)
        now = asyncio.get_running_loop().time()
        for task_id, standing in found.items():
            watched = self._watched.get(task_id)
            if watched is None:  # its last update ended while the database was asked
                continue
            watched.calm = self.registry.show(standing.flow).shown is not Shown.COMMENT
            watched.ended = standing.ended
            watched.queued = standing.queued
            if watched.calm and watched.posted_at < 0:
                watched.posted_at = now  # whoever started the task has given a sign of it

    def _begin_due(self) -> None:
        """Post due updates in the background: one slow comment delays no other."""
        now = asyncio.get_running_loop().time()
        for task_id, watched in self._watched.items():
            if watched.busy or not self._is_due(watched, now):
                continue
            news = watched.newest > watched.shown and not watched.calm
            watched.ticks = 0 if news else watched.ticks + 1
            watched.busy = True
            watched.posted_at = now
            posting = asyncio.create_task(self._post(task_id, watched))
            self._posting.add(posting)
            posting.add_done_callback(self._posting.discard)

    def _is_due(self, watched: _TaskWatch, now: float) -> bool:
        waited = now - watched.posted_at
        if watched.failures:
            return waited >= min(_STAGE_PAUSE * 2.0 ** min(watched.failures, 10), _LONGEST_PAUSE)
        if watched.ended and watched.newest > watched.shown:  # the last word has nothing to wait for
            return True
        if watched.newest > watched.shown and not watched.calm:
            return waited >= _STAGE_PAUSE
        ticks = _CALM_TICKS if watched.calm else _TICKS
        if watched.queued:
            ticks = _QUEUED_TICKS
        return waited >= ticks[min(watched.ticks, len(ticks) - 1)]

    async def _post(self, task_id: str, watched: _TaskWatch) -> None:
        """Update one comment; a failure is retried later, with backoff."""
        newest = watched.newest
        try:
            with structlog.contextvars.bound_contextvars(task=task_id):
                over = await self._update(task_id)
            if over:
                self._watched.pop(task_id, None)
            watched.shown = newest
            watched.failures = 0
        except ProgressDropped:
            pass
        except (Gone, Transferred) as error:  # nobody can be told anything there any more
            log.warning("status comment given up", task=task_id, error=str(error))
            closed = {"closed": True}
            await self.services.store.run(tasks.merge_posted, task_id, closed)
            self._watched.pop(task_id, None)
        except GitHubError as error:
            watched.failures += 1
            if isinstance(error, Forbidden):  # who cannot be given the right later need not wait for it
                await self.services.store.run(tasks.merge_posted, task_id, {"refused": True})
            log.warning("status comment not updated", task=task_id, error=str(error))
        except Exception:  # the boundary of one comment: what is wrong with it must not stop the others
            watched.failures += 1
            log.exception("status comment not updated", task=task_id)
        finally:
            watched.busy = False

    async def _update(self, task_id: str) -> bool:
        """Create or edit the comment; return True once it shows the end."""
        task, events, spent, before = await self.services.store.run(_snapshot, task_id, self.registry.quick)
        spec = self.registry.show(task.flow)
        hidden = task.number is None or spec.shown is Shown.RESULT or _request(task).origin.outlet != "github"
        if hidden or task.posted.get("closed") or reporting.is_past(task.ended):
            return True
        final = task.state in FINAL_STATES
        view = replace(_view(task, spec, events, spent, before), page=self.services.settings.find_page(task_id))
        ids: dict[str, Any] = {"closed": True} if final else {}
        body = _body(task, view, final=final)
        check = asyncio.ensure_future(self._show_check(task, view))
        try:
            if body is not None and spec.shown is Shown.REPLY:
                await self._answer(task, self.services.outgoing(body))
            elif body is not None:
                ids["status"] = await self._show(task, spec, self.services.outgoing(body), final=final)
        finally:
            await check
        await self.services.store.run(tasks.merge_posted, task.id, ids)
        return final

    async def _answer(self, task: Task, body: str) -> None:
        """Reply once for a task that ended without an answer of its own."""
        request = _request(task)
        spot = request.origin.reply or ReplyTarget(kind="body", number=task.number or 0)
        github = await self.services.github.for_repository(request.repository, spot.permissions)
        bot = await self.services.github.bot()
        marker = Marker(task=task.id, part="status")
        await reply_targets.answer(github, request.repository, spot, body, marker=marker, bot_id=bot.id)

    async def _show_check(self, task: Task, view: StatusView) -> None:
        """Create or update the check run, by the result's report if any."""
        if view.spec.check is None:
            return
        request = _request(task)
        known = task.posted.get("check")
        head = task.posted.get("head") or request.origin.head_sha
        report = self._clean(_result(task).check or check_report(view))
        report = report.model_copy(update={"details_url": view.page or None})
        github = await self.services.github.for_repository(request.repository, CHECKS)
        if known is not None:
            await checks.update_check(github, request.repository, known, report)
        elif head is not None:
            await checks.put_check(github, request.repository, head, view.spec.check, task.id, report)

    def _clean(self, report: CheckReport) -> CheckReport:
        outgoing = self.services.outgoing
        annotations = [
            each.model_copy(update={"title": outgoing(each.title), "message": outgoing(each.message)})
            for each in report.annotations
        ]
        texts = {"title": outgoing(report.title), "summary": outgoing(report.summary)}
        return report.model_copy(update={**texts, "annotations": tuple(annotations)})

    async def _show(self, task: Task, spec: TaskSpec[Any], body: str, *, final: bool) -> int:
        """Create or update the status comment and return its id."""
        repository = _request(task).repository
        marker = Marker(task=task.id, part="status")
        rights = COMMENT if spec.check is None else CHECKS
        github = await self.services.github.for_repository(repository, rights)
        comment: int | None = task.posted.get("status")
        if comment is None:
            bot = await self.services.github.bot()
            fresh = await self._is_first_try(task, spec)
            posted = await issues.ensure_comment(
                github, repository, task.number or 0, body, marker=marker, bot_id=bot.id, fresh=fresh
            )
            # A process that died before it could remember the id left a comment that tells of earlier times.
            if posted.body == with_marker(body, marker):
                return posted.id
            comment = posted.id
        try:
            options = issues.FINAL if final else issues.PROGRESS
            await issues.update_comment(github, repository, comment, body, marker=marker, options=options)
        except NotFound:
            await self.services.store.run(tasks.merge_posted, task.id, {"status": None})
            raise
        return comment

    async def _is_first_try(self, task: Task, spec: TaskSpec[Any]) -> bool:
        """Return True if no attempt to post the comment has been recorded.

        Records one: from now on it may have been posted. Always False for a task without a check run.
        """
        if spec.check is None:
            return False
        begun = {"saying": True}
        await self.services.store.run(tasks.merge_posted, task.id, begun)
        return "saying" not in task.posted and "status" not in task.posted


def _body(task: Task, view: StatusView, *, final: bool) -> str | None:
    """Return the text of the comment, None to leave it as it is.

    A task shown by a check run has its report at the end; one asked for by a command has words in any case. A task
    that answers where it was asked has words only if it could not answer, unless the person who asked has stopped it.
    """
    shown = view.spec.shown
    result = _result(task)
    if shown is Shown.COMMENT:
        return status_text(view)
    if not final:
        return None
    if shown is Shown.REPLY:
        withdrawn = task.state == "cancelled" and task.cancel == task.actor
        return None if result.answered or withdrawn else status_text(view)
    return result.report or (status_text(view) if task.source == "command" else None)


def _result(task: Task) -> TaskResult:
    return TaskResult.model_validate(task.data)


def _snapshot(
    connection: sa.Connection, task_id: str, quick: Collection[str]
) -> tuple[Task, list[TaskEvent], reporting.Spending, int | None]:
    task = tasks.get(connection, task_id)
    if task is None:
        raise LookupError(f"task {task_id} has events but no row")
    waits = task.state == "queued" and task.admitted == 0
    before = turns.count_before(connection, task_id, quick) if waits else 0
    return task, tasks.list_events(connection, task_id), reporting.sum_spending(connection, task_id), before


def _request(task: Task) -> Request[Any]:
    return Request.model_validate(task.argument)


def _view(
    task: Task, spec: TaskSpec[Any], events: list[TaskEvent], spent: reporting.Spending, before: int | None
) -> StatusView:
    return StatusView(
        task=task.id,
        spec=spec,
        actor=task.actor,
        state=task.state,
        summary=task.summary,
        stages=[event.data for event in events if event.kind == "stage"],
        created=task.created,
        now=task.ended or now_ms(),
        dollars=spent.dollars,
        calls=spent.calls,
        before=before,
        notices=[str(event.data["text"]) for event in events if event.kind == "budget"],
    )
