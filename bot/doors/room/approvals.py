"""Show what waits for people: the question, and all that helps to decide beside the buttons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from bot.doors.api.fields import PageQuery
from bot.doors.api.tasks import TaskQuery, list_tasks
from bot.doors.api.views import TaskView, Waiting, clean
from bot.doors.room.change import Change, Evidence, load_changes
from bot.doors.room.diffs import Diff
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.story import asked_it, find_place, list_starters, make_key, tell_why_not
from bot.doors.room.visit import Visit
from bot.store import tasks
from bot.store.tasks import Task

pages = Pages("approvals")
_A_PAGE = 10
_DIFF_LINES = 200
_REASONS: dict[Waiting, str] = {
    "people": "Changes that others have to approve",
    "approval": "Plans to approve",
    "answer": "Questions to answer",
}


class Item(NamedTuple):
    """Something that waits, with what a page tells about it.

    ``reason`` says why the visitor may not decide, ``own`` that the visitor asked for what others have to approve.
    """

    task: TaskView
    place: str
    report: str
    diff: Diff | None
    evidence: Evidence | None
    reason: str
    own: bool
    key: str


@pages.add("GET", "/approvals", access="person", title="Approvals", place="work")
async def show_approvals(visit: Visit) -> Answer:
    """Show what waits for a decision or an answer, by reason."""
    query = visit.read_query(PageQuery)
    newest = await visit.context.services.store.read(tasks.find_newest)
    wanted = TaskQuery(state="awaiting_approval", limit=_A_PAGE, cursor=query.cursor)
    found = await visit.ask(list_tasks, query=wanted)
    views = list(found.items)
    if query.cursor is None:
        views += (await visit.ask(list_tasks, query=TaskQuery(state="awaiting_answer", limit=_A_PAGE))).items
    items = await _load(visit, views)
    groups = [
        (words, mine)
        for waiting, words in _REASONS.items()
        if (mine := [item for item in items if item.task.waits_for == waiting])
    ]
    return Shown("approvals.html", newest=newest, groups=groups, found=found, later=query.cursor is not None)


async def _load(visit: Visit, views: Sequence[TaskView]) -> list[Item]:
    """Load what waits, all of it at once."""
    services = visit.context.services
    waiting = await services.store.read(_find_waiting, [view.id for view in views])
    changes = await load_changes(services, [view.id for view in views], _DIFF_LINES)
    pairs = zip(views, changes, strict=True)
    return [_make(visit, view, change, *waiting[view.id]) for view, change in pairs if view.id in waiting]


def _make(visit: Visit, view: TaskView, change: Change, task: Task, starters: frozenset[int]) -> Item:
    services = visit.context.services
    return Item(
        task=view,
        place=find_place(services, view),
        report=str(clean(services, task.data.get("report") or "")),
        diff=change.diff,
        evidence=change.evidence,
        reason=tell_why_not(visit, view.repository),
        own=asked_it(visit, starters),
        key=make_key(visit, view.id, ""),
    )


def _find_waiting(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[Task, frozenset[int]]]:
    """Find tasks with who started them; those are left out that are gone."""
    found = tasks.get_each(connection, ids)
    return {one: (task, list_starters(connection, task)) for one, task in found.items()}
