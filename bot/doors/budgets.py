"""List, set and remove limits of what models may cost, for whoever runs the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from bot.doors.api.budgets import LimitKey, LimitView, load_views
from bot.doors.operating import opened_app, opened_store
from bot.models.catalogue import Catalogue
from bot.money import exactly, micro_dollars
from bot.policy import DefaultBranch, PolicyLoader, PolicySchema
from bot.settings import Settings
from bot.settings_sources import SettingsError
from bot.store import keys, limits
from bot.store.limits import Limit
from bot.store.store import Store
from bot.types import ForgehandError
from bot.work.limits import LimitsInForce, list_in_force, list_of_settings
from bot.work.spending import remove_limit, set_limit

_FILES = "Limits of policies and of organisations' files are not listed"


class BudgetError(ForgehandError):
    """A limit that cannot be set or removed."""


async def list_budgets(settings: Settings, schema: PolicySchema) -> str:
    """Return a line for each limit that holds."""
    with opened_store(settings) as store:
        found = await _find(settings, schema, store)
        views = await store.read(partial(load_views, zone=settings.zone), found.limits)
    lines = [f"{_describe(view)} ({settings.time_zone})" for view in views]
    return "\n".join([*lines, *found.problems])


def type_limit(
    settings: Settings, subject: str, period: str, dollars: float | None, *, soft: bool, hours: float | None = None
) -> str:
    """Set the limit that an operator typed, or remove it.

    ``hours``: it ends after so many. Raises :class:`BudgetError` where it makes no sense.
    """
    key = {"subject": subject, "period": period, "strength": "soft" if soft else "hard"}
    until = None if hours is None else datetime.now(UTC) + timedelta(hours=hours)
    try:
        limit = LimitKey.model_validate(key).limit(micro_dollars(dollars or 0.0), until)
    except ValueError:
        raise BudgetError(
            f"{subject} can have no limit: say instance, organisation:OWNER, repository:OWNER/NAME, person:LOGIN, "
            "key:ID or task:ID, an id in full."
        ) from None
    with opened_store(settings) as store:
        if dollars is None:
            if not store.run_sync(remove_limit, limit, None, None):
                raise BudgetError("There is no such limit; `forgehand budget list` lists them.")
            return "Removed: what settings and policies say holds from the next model call on."
        store.run_sync(set_limit, limit, None, None)
        (view,) = store.run_sync(partial(load_views, zone=settings.zone), (limit,))
    return f"{_describe(view)}\nIt holds from the next model call on; nothing needs a restart."


async def _find(settings: Settings, schema: PolicySchema, store: Store) -> LimitsInForce:
    try:
        async with opened_app(settings) as github:
            catalogue = Catalogue(settings)
            catalogue.keyed = frozenset(await store.run(keys.list_providers))
            policies = PolicyLoader(DefaultBranch(github), settings, schema, catalogue=catalogue)
            return await list_in_force(store, settings.budget, policies)
    except SettingsError as error:
        stored = await store.run(limits.list_limits)
        given: list[Limit] = limits.replace_given(list_of_settings(settings.budget), stored)
        return LimitsInForce(tuple(given), (f"{_FILES}. {error.message}",))


def _describe(view: LimitView) -> str:
    aside = view.held_micro_dollars - view.paid_micro_dollars
    more = f" and {exactly(aside)} set aside" if aside else ""
    told = f", told at {view.told[-1]} %" if view.told else ""
    used = f"{exactly(view.paid_micro_dollars)} paid{more} of {exactly(view.micro_dollars)}"
    place = f" in {view.within}" if view.within else ""
    end = f", until {view.until[:16].replace('T', ' ')} UTC" if view.until else ""
    return f"{view.subject}{place} {view.period} {view.strength}: {used}{told}; set by the {view.given_by}{end}"
