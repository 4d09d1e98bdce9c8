"""Read and set limits of what models may cost; they hold from the next call on, in every process."""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import partial
from typing import Annotated

import sqlalchemy as sa
from pydantic import AwareDatetime, Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import Moment, RepositoryName, maybe_moment
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.problems import Problem
from bot.models.budgets import tell_how
from bot.store import limits
from bot.store.database import now_ms
from bot.store.limit_uses import Use, list_uses
from bot.store.limits import Giver, Limit, Strength
from bot.types import JsonModel, Period
from bot.work.limits import LimitsInForce, list_in_force, list_of_repository
from bot.work.spending import remove_limit, set_limit

operations = Operations("budgets")
_MOST = 10**15  # micro-dollars: a billion dollars
_OWNER, _NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,99}", r"[A-Za-z0-9._-]{1,100}"
_HOLDER, _TASK = r"(organisation|person|key):[A-Za-z0-9._\[\]-]{1,100}", "task:[0-9a-f]{12}"
_SUBJECT = rf"^(instance|{_HOLDER}|{_TASK}|repository:{_OWNER}/{_NAME})$"
Subject = Annotated[
    str,
    Field(
        pattern=_SUBJECT,
        max_length=220,
        description="`instance`, `organisation:OWNER`, `repository:OWNER/NAME`, `person:LOGIN`, `key:ID` or `task:ID`",
    ),
]


class LimitKey(Sent):
    """The limit that is meant."""

    subject: Subject
    period: Period = Field(description="`total` is all that was ever paid; for a task it is always that")
    strength: Strength = Field(default="hard", description="a `hard` one refuses, a `soft` one only tells")

    def limit(self, ceiling: int = 0, until: datetime | None = None) -> Limit:
        """Return the limit with a ceiling in micro-dollars."""
        scope, _, name = self.subject.partition(":")
        period = "total" if scope == "task" else self.period
        told = {"scope": scope, "name": name, "period": period, "strength": self.strength, "ceiling": ceiling}
        return Limit.model_validate(told | {"until": None if until is None else int(until.timestamp() * 1000)})


class LimitBody(LimitKey):
    """A limit and its amount."""

    micro_dollars: int = Field(ge=0, le=_MOST, description="the ceiling; 0 lets nothing through that costs anything")
    until: AwareDatetime | None = Field(
        default=None, description="when it ends, so that what held before holds again; null for a lasting one"
    )


class BudgetsQuery(Sent):
    """The limits that are wanted."""

    repository: RepositoryName | None = Field(
        default=None,
        description="limits about this repository alone; needed, unless the token is an administrator's and bound to "
        "no repository",
    )


class LimitView(JsonModel):
    """A limit and what counts against it in its period of now."""

    subject: str = Field(description="as it is set; `task:*` is each task, other patterns are those of a file")
    within: str = Field(description="the organisation in which a person's calls count, empty for anywhere")
    period: Period
    strength: Strength
    given_by: Giver
    raised_by: str = Field(description="who can raise it, and how")
    micro_dollars: int
    paid_micro_dollars: int
    held_micro_dollars: int = Field(
        description="paid, set aside for calls under way, and the worst case of those that died with their process"
    )
    told: tuple[int, ...] = Field(description="shares of a soft limit that were told in this period, per cent")
    until: Moment | None = Field(description="when it ends; what held before holds again then")


class Budgets(JsonModel):
    """All limits that hold beside each other."""

    time_zone: str = Field(description="the zone in which days and months begin")
    items: tuple[LimitView, ...]
    problems: tuple[str, ...] = Field(description="limits that could not be read, and why")


@operations.add("GET", "/budgets", scope="read")
async def list_budgets(context: Context, caller: Caller, query: BudgetsQuery) -> Budgets:
    """List limits with what counts against them.

    Those of the settings, of operators, of policies and of organisations' files; policies are read of repositories
    that had a task within 31 days. The list of all believes a policy that was read within a minute.
    """
    services = context.services
    if query.repository is not None:
        repository = await context.gate.readable(caller, query.repository, "read budgets")
        return await _show(context, await list_of_repository(services.store, services.policies, repository))
    if not caller.holds("admin") or caller.bound:
        raise Problem("Name the repository whose limits you want (`repository`).", status=403)
    return await _show_all(context)


@operations.add("PUT", "/budgets", scope="admin", errors={409: "its end has passed"})
async def set_budget(context: Context, caller: Caller, body: LimitBody) -> Budgets:
    """Set a limit; it holds from the next model call on."""
    limit = body.limit(body.micro_dollars, body.until)
    if limit.until is not None and limit.until <= now_ms():
        raise Problem("A limit must end in the future (`until`).", status=409)
    await context.services.store.run(set_limit, limit, caller.actor.login, caller.id)
    return await _show_all(context)


@operations.add("DELETE", "/budgets", scope="admin", errors={404: "there is no such limit"})
async def remove_budget(context: Context, caller: Caller, query: LimitKey) -> Budgets:
    """Remove a limit that was set; what settings and policies say holds again."""
    if not await context.services.store.run(remove_limit, query.limit(), caller.actor.login, caller.id):
        raise Problem("There is no such limit; `GET /api/v1/budgets` lists them.", status=404)
    return await _show_all(context)


async def _show_all(context: Context) -> Budgets:
    services = context.services
    return await _show(context, await list_in_force(services.store, services.settings.budget, services.policies))


async def _show(context: Context, found: LimitsInForce) -> Budgets:
    settings = context.services.settings
    views = await context.services.store.read(partial(load_views, zone=settings.zone), found.limits)
    return Budgets(time_zone=settings.time_zone, items=tuple(views), problems=found.problems)


def load_views(connection: sa.Connection, found: tuple[Limit, ...], *, zone: tzinfo) -> list[LimitView]:
    """Add up what counts against each limit."""
    uses = list_uses(connection, found, zone)
    return list(map(_view, uses, limits.list_shares(connection, found, zone)))


def _view(use: Use, told: tuple[int, ...]) -> LimitView:
    limit = use.limit
    return LimitView(
        subject=limit.key,
        within=limit.within,
        period=limit.period,
        strength=limit.strength,
        given_by=limit.given_by,
        raised_by=tell_how(limit),
        micro_dollars=limit.ceiling,
        paid_micro_dollars=use.paid,
        held_micro_dollars=use.held,
        told=told,
        until=maybe_moment(limit.until),
    )
