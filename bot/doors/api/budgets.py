"""Read and set limits of what models may cost; they hold from the next call on, in every process."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated

import sqlalchemy as sa
from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.problems import Problem
from bot.doors.operating import opened_store
from bot.money import exactly, micro_dollars
from bot.settings import BudgetSettings, Settings
from bot.store import audit, limits
from bot.store.limits import Giver, Limit, Strength, Use
from bot.types import ForgehandError, JsonModel, Period

operations = Operations("budgets")
_MOST = 10**15  # micro-dollars: a billion dollars
_OWNER, _NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,99}", r"[A-Za-z0-9._-]{1,100}"
_SUBJECT = rf"^(instance|(organisation|person|key|task):[A-Za-z0-9._\[\]-]{{1,100}}|repository:{_OWNER}/{_NAME})$"
Subject = Annotated[
    str,
    Field(
        pattern=_SUBJECT,
        max_length=220,
        description="`instance`, `organisation:OWNER`, `repository:OWNER/NAME`, `person:LOGIN`, `key:ID` or `task:ID`",
    ),
]


class BudgetError(ForgehandError):
    """A limit that cannot be set or removed."""


class LimitKey(Sent):
    """The limit that is meant."""

    subject: Subject
    period: Period = Field(description="`total` is all that was ever paid; for a task it is always that")
    strength: Strength = Field(default="hard", description="a `hard` one refuses, a `soft` one only tells")

    def limit(self, ceiling: int = 0) -> Limit:
        """Return the limit with a ceiling in micro-dollars."""
        scope, _, name = self.subject.partition(":")
        period = "total" if scope == "task" else self.period
        told = {"scope": scope, "name": name, "period": period, "strength": self.strength, "ceiling": ceiling}
        return Limit.model_validate(told)


class LimitBody(LimitKey):
    """A limit and its amount."""

    micro_dollars: int = Field(ge=0, le=_MOST, description="the ceiling; 0 lets nothing through that costs anything")


class LimitView(JsonModel):
    """A limit and what counts against it in its period of now."""

    subject: str
    period: Period
    strength: Strength
    given_by: Giver
    micro_dollars: int
    paid_micro_dollars: int
    held_micro_dollars: int = Field(
        description="paid, set aside for calls under way, and the worst case of those that died with their process"
    )
    told: tuple[int, ...] = Field(description="shares of a soft limit that were told in this period, per cent")


class Budgets(JsonModel):
    """Limits of the instance and those that were set, none of policies."""

    time_zone: str
    items: tuple[LimitView, ...]


@operations.add("GET", "/budgets", scope="admin")
async def list_budgets(context: Context) -> Budgets:
    """List limits with what counts against them."""
    return await _list(context)


@operations.add("PUT", "/budgets", scope="admin")
async def set_budget(context: Context, caller: Caller, body: LimitBody) -> Budgets:
    """Set a limit; it holds from the next model call on."""
    await context.services.store.run(_set, body.limit(body.micro_dollars), caller.actor.login, caller.id)
    return await _list(context)


@operations.add("DELETE", "/budgets", scope="admin", errors={404: "there is no such limit"})
async def remove_budget(context: Context, caller: Caller, query: LimitKey) -> Budgets:
    """Remove a limit that was set; what settings and policies say holds again."""
    if not await context.services.store.run(_remove, query.limit(), caller.actor.login, caller.id):
        raise Problem("There is no such limit; `GET /api/v1/budgets` lists them.", status=404)
    return await _list(context)


async def _list(context: Context) -> Budgets:
    settings = context.services.settings
    items = await context.services.store.run(_load, settings.budget, settings.zone)
    return Budgets(time_zone=settings.time_zone, items=tuple(items))


def print_budgets(settings: Settings) -> str:
    """Return a line for each limit."""
    with opened_store(settings) as store:
        views = store.run_sync(_load, settings.budget, settings.zone)
    return "\n".join(f"{_describe(view)} ({settings.time_zone})" for view in views)


def type_limit(settings: Settings, subject: str, period: str, dollars: float | None, *, soft: bool) -> str:
    """Set the limit that an operator typed, or remove it.

    Raises :class:`BudgetError` where it makes no sense.
    """
    key = {"subject": subject, "period": period, "strength": "soft" if soft else "hard"}
    try:
        limit = LimitKey.model_validate(key).limit(micro_dollars(dollars or 0.0))
    except ValueError:
        raise BudgetError(
            f"{subject} can have no limit: say instance, organisation:OWNER, repository:OWNER/NAME, person:LOGIN, "
            "key:ID or task:ID."
        ) from None
    with opened_store(settings) as store:
        if dollars is None:
            if not store.run_sync(_remove, limit, None, None):
                raise BudgetError("There is no such limit; `forgehand budget list` lists them.")
            return "Removed: what settings and policies say holds from the next model call on."
        store.run_sync(_set, limit, None, None)
        (use,) = store.run_sync(limits.list_uses, [limit], settings.zone)
    return f"{_describe(_view(use, ()))}\nIt holds from the next model call on; nothing needs a restart."


def _set(connection: sa.Connection, limit: Limit, actor: str | None, caller: str | None) -> None:
    limits.set_limit(connection, limit, actor or "")
    said = f"{exactly(limit.ceiling)}{limit.span}, {limit.strength}"
    audit.record(connection, _action("set", limit), allowed=True, reason=said, actor=actor, delivery=caller)


def _remove(connection: sa.Connection, limit: Limit, actor: str | None, caller: str | None) -> bool:
    found = limits.remove_limit(connection, limit.scope, limit.name, limit.period, limit.strength)
    if found:
        said = f"{limit.period}, {limit.strength}"
        audit.record(connection, _action("remove", limit), allowed=True, reason=said, actor=actor, delivery=caller)
    return found


def _action(verb: str, limit: Limit) -> str:
    return f"{verb} limit {limit.key}"


def _load(connection: sa.Connection, budget: BudgetSettings, zone: tzinfo) -> list[LimitView]:
    ceiling = micro_dollars(budget.day)
    given = Limit(scope="instance", name="", period="day", ceiling=ceiling, given_by="settings")
    stored = limits.list_limits(connection)
    replaced = any((one.scope, one.period, one.strength) == ("instance", "day", "hard") for one in stored)
    uses = limits.list_uses(connection, stored if replaced else [given, *stored], zone)
    return [_view(use, tuple(limits.list_shares(connection, use.limit, zone))) for use in uses]


def _view(use: Use, told: tuple[int, ...]) -> LimitView:
    limit = use.limit
    return LimitView(
        subject=limit.key,
        period=limit.period,
        strength=limit.strength,
        given_by=limit.given_by,
        micro_dollars=limit.ceiling,
        paid_micro_dollars=use.paid,
        held_micro_dollars=use.held,
        told=told,
    )


def _describe(view: LimitView) -> str:
    aside = view.held_micro_dollars - view.paid_micro_dollars
    more = f" and {exactly(aside)} set aside" if aside else ""
    told = f", told at {view.told[-1]} %" if view.told else ""
    used = f"{exactly(view.paid_micro_dollars)} paid{more} of {exactly(view.micro_dollars)}"
    return f"{view.subject} {view.period} {view.strength}: {used}{told}; set by the {view.given_by}"
