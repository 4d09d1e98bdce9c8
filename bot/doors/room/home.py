"""Show what waits, what runs, what failed today, and what today cost."""

from __future__ import annotations

import asyncio

from bot.doors.api.tasks import TaskPage, TaskQuery, list_tasks
from bot.doors.api.views import load_views
from bot.doors.room.page import Answer, Pages, Shown
from bot.doors.room.visit import Visit
from bot.engine.port import TaskState
from bot.money import micro_dollars
from bot.store import limits, tasks, today
from bot.store.database import now_ms
from bot.store.periods import find_start

pages = Pages("home")
_MOST = 8
_LISTED: tuple[TaskState, ...] = ("awaiting_approval", "awaiting_answer", "awaiting_key", "running", "queued")


@pages.add("GET", "", access="person", title="Home", place="work")
async def show_home(visit: Visit) -> Answer:
    """Show what waits for people, what runs, what failed and what it cost."""
    services = visit.context.services
    newest = await services.store.read(tasks.find_newest)
    lists = (visit.ask(list_tasks, query=TaskQuery(state=state, limit=_MOST)) for state in _LISTED)
    approvals, answers, keyless, running, queued = await asyncio.gather(*lists)
    start = find_start("day", now_ms(), services.settings.zone)
    found = await services.store.read(today.list_failed, start, visit.names, _MOST + 1)
    failed = found[:_MOST]
    return Shown(
        "home.html",
        newest=newest,
        waiting=(*approvals.items, *answers.items, *keyless.items),
        running=(*running.items, *queued.items),
        counts={
            "waiting": _count(approvals, answers, keyless),
            "running": _count(running, queued),
            "failed": f"{len(failed)}{'+' if len(found) > _MOST else ''}",
        },
        failed=await services.store.read(load_views, failed, services),
        spent=await services.store.read(today.sum_paid, start, visit.names),
        budget=await _find_budget(visit) if visit.is_administrator else None,
        zone=services.settings.time_zone,
        has_tasks=bool(failed or any(each.items for each in (approvals, answers, keyless, running, queued))),
    )


def _count(*lists: TaskPage) -> str:
    """Return how many tasks lists hold, with a plus where they go on."""
    return f"{sum(len(each.items) for each in lists)}{'+' if any(each.next for each in lists) else ''}"


async def _find_budget(visit: Visit) -> int:
    """Return what the server may spend a day, in micro-dollars."""
    services = visit.context.services
    known = await services.store.read(limits.list_limits)
    mine = (one.ceiling for one in known if (one.scope, one.period, one.strength) == ("instance", "day", "hard"))
    return next(mine, micro_dollars(services.settings.budget.day))
