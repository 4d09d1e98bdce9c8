"""Gather what a page tells about one task, from the operations of the API and what it left."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.dispatch.again import may_repeat
from bot.doors.api.course import CallView, StageView, list_calls, list_stages
from bot.doors.api.fields import PageQuery
from bot.doors.api.results import list_artifacts, read_result, write_line
from bot.doors.api.tasks import load_task, read_task
from bot.doors.api.views import ArtifactView, TaskReport, TaskView, clean
from bot.doors.room.change import Evidence, load_changes
from bot.doors.room.diffs import Diff
from bot.doors.room.visit import Visit
from bot.doors.room.waterfall import Waterfall, lay_out
from bot.markdown import duration, shortened
from bot.redaction import redact_code
from bot.store import approvals, tasks
from bot.store.tasks import Task, TaskEvent
from bot.work.services import Services

_HEAD, _TAIL = 20, 60
_LONGEST_LINE = 2000
_CALLS = 30
_DIFF_LINES = 400


class Log(NamedTuple):
    """The first and last lines of a log; ``cut``: there are more between them."""

    head: tuple[str, ...]
    tail: tuple[str, ...]
    cut: bool


class Story(NamedTuple):
    """Contents of the page about a task.

    ``starters`` are who may not approve it, ``newest`` is the id of its newest event, ``doing`` the stage that it works
    on, ``broke`` the one that it ended in without success, ``trouble`` the last thing that went wrong and was tried
    again. ``more``: there were more model calls.
    """

    task: TaskView
    newest: int
    place: str
    doing: str
    broke: str
    trouble: str
    took: str
    waterfall: Waterfall
    calls: tuple[CallView, ...]
    more: bool
    artifacts: tuple[ArtifactView, ...]
    report: TaskReport | None
    log: Log
    diff: Diff | None
    evidence: Evidence | None
    starters: frozenset[int]
    repeatable: bool
    again: str
    followers: tuple[TaskView, ...]

    @property
    def unanswered(self) -> int:
        """Return how many calls got no answer; 0 where not all are here."""
        ended = [] if self.more else [call for call in self.calls if call.state != "reserved"]
        return sum(call.micro_dollars is None or not call.input_tokens for call in ended)


async def load_story(visit: Visit, task_id: str) -> Story:
    """Load all that a page tells about a task.

    Raises :class:`Problem` (404) for who may not read its repository.
    """
    context = visit.context
    services = context.services
    task = await load_task(context, visit.caller, task_id)
    view = await visit.ask(read_task, id=task_id)
    head, tail = await services.store.read(_load_edges, task_id)
    stages = await visit.ask(list_stages, id=task_id)
    calls = await visit.ask(list_calls, id=task_id, query=PageQuery(limit=_CALLS))
    now = datetime.now(UTC).isoformat()
    end = view.ended_at or now
    spec = context.registry.show(task.flow)
    (change,) = await load_changes(services, [task_id], _DIFF_LINES)
    return Story(
        task=view,
        newest=tail[-1].id if tail else 0,
        place=find_place(services, view),
        doing=next((one.title for one in reversed(stages.items) if one.state == "running"), ""),
        broke=_find_end(view, stages.items),
        trouble=_find_trouble(services, tail),
        took=_measure(view.started_at or view.created_at, end),
        waterfall=lay_out(stages.items, view.created_at, view.started_at or view.ended_at, end),
        calls=calls.items,
        more=calls.next is not None,
        artifacts=(await visit.ask(list_artifacts, id=task_id)).items,
        report=await visit.ask(read_result, id=task_id) if view.ended else None,
        log=await asyncio.to_thread(_cut_log, services, head, tail),
        diff=change.diff,
        evidence=change.evidence,
        starters=await services.store.read(list_starters, task),
        repeatable=may_repeat(task),
        again=spec.again,
        followers=await _find_followers(visit, task),
    )


def list_starters(connection: sa.Connection, task: Task) -> frozenset[int]:
    """List the accounts that asked for what others have to approve."""
    if not task.waits or task.data.get("waits_for") != approvals.WAITS:
        return frozenset()
    return frozenset(approvals.list_starters(connection, task.id))


def tell_why_not(visit: Visit, full_name: str) -> str:
    """Say why somebody may do nothing in a repository, "" if they may.

    It is only what a page says: each act asks GitHub.
    """
    caller = visit.caller
    if not caller.holds("run"):
        return (
            "The administrator's token names nobody on GitHub. Sign in with an account there to do more than stop it."
        )
    if caller.seen is None:
        return ""
    if caller.seems(full_name, "write"):
        return ""
    return f"You may read this. Whoever may write in {full_name} may act here; a comment on GitHub may do too."


def asked_it(visit: Visit, starters: frozenset[int]) -> bool:
    """Return True for who asked for what others have to approve."""
    return visit.caller.actor.id in starters


def make_key(visit: Visit, task_id: str, last: str) -> str:
    """Return the idempotency key of an act on a task.

    Clicked twice it is the same; it is another once something came of the last act, the task ``last``.
    """
    return hashlib.sha256(f"{visit.caller.secret} {task_id} {last}".encode()).hexdigest()[:32]


def find_place(services: Services, view: TaskView) -> str:
    """Return the page on GitHub that the task is about."""
    home = f"{services.settings.web_url}/{view.repository}"
    return home if view.number is None else f"{home}/issues/{view.number}"


def _load_edges(connection: sa.Connection, task_id: str) -> tuple[list[TaskEvent], list[TaskEvent]]:
    head = tasks.list_events(connection, task_id, 0, _HEAD + 1)
    return head, tasks.list_latest_events(connection, task_id, _TAIL)


def _cut_log(services: Services, head: Sequence[TaskEvent], tail: Sequence[TaskEvent]) -> Log:
    """Return both ends of a log; where they meet all stands in the first."""
    shown = {event.id for event in head}
    rest = [event for event in tail if event.id not in shown]
    if len(head) <= _HEAD or len(rest) < len(tail):
        return Log(_write(services, [*head, *rest]), (), cut=False)
    return Log(_write(services, head[:_HEAD]), _write(services, rest), cut=True)


def _write(services: Services, events: Sequence[TaskEvent]) -> tuple[str, ...]:
    lines = (redact_code(write_line(event), services.settings.secrets) for event in events)
    return tuple(shortened(line, _LONGEST_LINE) for line in lines)


def _find_end(view: TaskView, stages: Sequence[StageView]) -> str:
    """Return the stage that a task ended in without success."""
    if view.state in {"done", "awaiting_answer", "awaiting_approval", "awaiting_key"} or not view.ended or not stages:
        return ""
    return stages[-1].title if stages[-1].state in {"failed", "stopped"} else ""


def _find_trouble(services: Services, events: Sequence[TaskEvent]) -> str:
    """Return what failed and is tried again, unless a stage came since."""
    last = next((event for event in reversed(events) if event.kind in {"stage", "retry"}), None)
    if last is None or last.kind != "retry":
        return ""
    return str(clean(services, f"{last.data.get('step')}: {last.data.get('error')}"))


def _measure(start: str, end: str) -> str:
    seconds = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return duration(max(seconds.total_seconds(), 0))


async def _find_followers(visit: Visit, task: Task) -> tuple[TaskView, ...]:
    """Find the tasks that go on from this one, or repeat it."""
    found = await visit.context.services.store.read(tasks.list_followers, task.id)
    return tuple([await visit.ask(read_task, id=one) for one in found])
