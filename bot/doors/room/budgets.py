"""Show every limit on what models may cost, and let administrators set, raise and remove them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import Field

from bot.doors.api.budgets import (
    BudgetsQuery,
    LimitBody,
    LimitKey,
    list_budgets,
    remove_budget,
    set_budget,
)
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit
from bot.money import micro_dollars

pages = Pages("budgets")
_PATH = "/room/budgets"


class LimitForm(LimitKey):
    """A limit as a form says it."""

    dollars: str = Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", description="the amount, such as 12.50")
    hours: int | None = Field(default=None, ge=1, le=9000, description="it ends after so many; empty for a lasting one")


@pages.add("GET", "/budgets", access="person", title="Budgets", place="server")
async def show_budgets(visit: Visit) -> Answer:
    """Show the limits that hold with what counts against each."""
    query = visit.read_query(BudgetsQuery)
    seen = list_seen(visit)
    if query.repository is None and not visit.is_administrator:
        if not seen:
            return Shown("budgets.html", budgets=None, query=query, seen=seen)
        query = BudgetsQuery(repository=seen[0])
    budgets = await visit.ask(list_budgets, query=query)
    return Shown("budgets.html", budgets=budgets, query=query, seen=seen)


@pages.add("POST", "/budgets", access="administrator", title="Set a limit")
async def set_limit(visit: Visit) -> Answer:
    """Set a limit, or raise one for a time."""
    form = await visit.read_form(LimitForm)
    until = None if form.hours is None else datetime.now(UTC) + timedelta(hours=form.hours)
    body = LimitBody(
        subject=form.subject,
        period=form.period,
        strength=form.strength,
        micro_dollars=micro_dollars(float(form.dollars)),
        until=until,
    )
    await visit.ask(set_budget, body=body)
    for_a_time = "" if form.hours is None else f" for {form.hours} hours"
    return Moved(_PATH, f"{form.subject} may cost ${form.dollars}{for_a_time}. It holds from the next call on.")


@pages.add("POST", "/budgets/remove", access="administrator", title="Remove a limit")
async def drop_limit(visit: Visit) -> Answer:
    """Remove a limit that was set."""
    key = await visit.read_form(LimitKey)
    await visit.ask(remove_budget, query=key)
    return Moved(_PATH, f"The limit of {key.subject} is gone; what settings and files say holds.")
