"""Show which providers and models this server asks, and let administrators try them."""

from __future__ import annotations

from bot.doors.api.fields import ModelName
from bot.doors.api.operation import Sent
from bot.doors.api.providers import ProbeQuery, ProbeResult, list_providers, list_setting_keys, test_provider
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.visit import Visit
from bot.money import exactly

pages = Pages("providers")


class ModelForm(Sent):
    """The model to try."""

    model: ModelName


@pages.add("GET", "/providers", access="person", title="Providers", place="server")
async def show_providers(visit: Visit) -> Answer:
    """Show providers with their models, roles and prices."""
    found = await visit.ask(list_providers)
    settings = await visit.ask(list_setting_keys) if visit.is_administrator else None
    asked = [one for one in found.items if one.models]
    idle = [one.name for one in found.items if not one.models]
    return Shown("providers.html", providers=asked, idle=idle, problems=found.problems, settings=settings)


@pages.add("POST", "/providers/{provider}/test", access="administrator", title="Try a model")
async def try_provider(visit: Visit) -> Answer:
    """Ask a model one word."""
    query = ProbeQuery(model=(await visit.read_form(ModelForm)).model)
    seen: ProbeResult = await visit.ask(test_provider, provider=visit.part("provider"), query=query)
    told = "answers" if seen.ok else f"did not answer: {seen.problem}"
    return Moved("/room/providers", f"{seen.model} {told} ({seen.seconds:.1f} s, {exactly(seen.cost.micro_dollars)}).")
