"""Show what waits for people: the question, and all that helps to decide beside the buttons."""

from __future__ import annotations

from typing import NamedTuple

from bot.doors.api.fields import PageQuery
from bot.doors.api.results import read_result
from bot.doors.api.tasks import TaskQuery, list_tasks, load_task
from bot.doors.api.views import TaskReport, TaskView, Waiting
from bot.doors.room.change import Evidence, load_diff, load_evidence
from bot.doors.room.diffs import Diff
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.story import asked_it, find_place, list_starters, make_key, tell_why_not
from bot.doors.room.visit import Visit

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
    report: TaskReport
    diff: Diff | None
    evidence: Evidence | None
    reason: str
    own: bool
    key: str


@pages.add("GET", "/approvals", access="person", title="Approvals", place="work")
async def show_approvals(visit: Visit) -> Answer:
    """Show what waits for a decision or an answer, by reason."""
    query = visit.read_query(PageQuery)
    wanted = TaskQuery(state="awaiting_approval", limit=_A_PAGE, cursor=query.cursor)
    found = await visit.ask(list_tasks, query=wanted)
    views = list(found.items)
    if query.cursor is None:
        views += (await visit.ask(list_tasks, query=TaskQuery(state="awaiting_answer", limit=_A_PAGE))).items
    items = [await _load(visit, view) for view in views]
    groups = [
        (words, mine)
        for waiting, words in _REASONS.items()
        if (mine := [item for item in items if item.task.waits_for == waiting])
    ]
    return Shown("approvals.html", groups=groups, found=found, later=query.cursor is not None)


async def _load(visit: Visit, view: TaskView) -> Item:
    services = visit.context.services
    task = await load_task(visit.context, visit.caller, view.id)
    return Item(
        task=view,
        place=find_place(services, view),
        report=await visit.ask(read_result, id=view.id),
        diff=await load_diff(services, view.id, _DIFF_LINES),
        evidence=await load_evidence(services, view.id),
        reason=tell_why_not(visit, view.repository),
        own=asked_it(visit, await list_starters(services, task)),
        key=make_key(visit, view.id, ""),
    )
