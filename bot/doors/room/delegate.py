"""Hand an issue to Copilot's coding agent, with the token of whoever is signed in."""

from __future__ import annotations

from pydantic import Field

from bot.doors.api.fields import RepositoryName, moment
from bot.doors.api.operation import Sent
from bot.doors.api.problems import Problem
from bot.doors.delegating import NotTaken, decide, hand_over
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit
from bot.sealing.port import SealError
from bot.store import delegations

pages = Pages("delegate")
_MOST = 50
_ENDED = "The permission to act for you on GitHub has expired. Sign out, sign in with GitHub, and hand it over again."


class IssueForm(Sent):
    """The issue to hand over."""

    repository: RepositoryName
    number: int = Field(ge=1, le=2**31 - 1)


@pages.add("GET", "/copilot", access="person", title="Copilot", place="work")
async def show_delegations(visit: Visit) -> Answer:
    """Show what was handed over and what came of it, and a form."""
    return await _show(visit)


@pages.add("POST", "/copilot", access="writer", title="Hand to Copilot")
async def delegate(visit: Visit) -> Answer:
    """Hand an issue over; GitHub bills the person's plan."""
    form = await visit.read_form(IssueForm)
    visit.caller.check_scope("run")
    admission = await visit.context.gate.admit(visit.caller, form.repository, "hand an issue to copilot")
    who, place, services = admission.principal, admission.repository, visit.context.services
    decision = await decide(services, who, place, form.number, visit.caller.id)
    if not decision.allowed:
        raise Problem(decision.reason, status=403)
    assert visit.signed is not None
    try:
        token = await visit.desk.freshness.open(visit.signed.session)
    except SealError as error:
        raise Problem(error.message, status=503) from None
    if token is None:
        return await _show(visit, problem=_ENDED, form=form, status=409)
    try:
        given = await hand_over(services, who, place, form.number, token)
    except NotTaken as error:
        return await _show(visit, problem=error.message, form=form, status=409)
    return Moved(f"{PREFIX}/copilot", f"Copilot has {given.repository}#{given.number}.")


async def _show(visit: Visit, *, problem: str = "", form: IssueForm | None = None, status: int = 200) -> Answer:
    readable = await visit.context.gate.list_readable(visit.caller, "hand-overs")
    ids = None if readable is None else [one.id for one in readable]
    found = await visit.context.services.store.read(delegations.list_of, ids, _MOST)
    return Shown(
        "delegate.html",
        status=status,
        found=[(one, moment(one.created)) for one in found],
        seen=list_seen(visit),
        web=visit.context.services.settings.web_url,
        problem=problem,
        form=form,
        query=visit.request.query,
        may=visit.caller.holds("run"),
    )
