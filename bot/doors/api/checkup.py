"""Run the doctor and tell what it found: everything that the server depends on, a line each."""

from __future__ import annotations

from bot.checkup import Line
from bot.doors.api.context import Context
from bot.doors.api.fields import Moment, moment
from bot.doors.api.operation import Operations
from bot.doors.api.problems import Problem
from bot.doors.api.views import clean
from bot.store import checkups
from bot.store.checkups import Checkup
from bot.types import JsonModel

operations = Operations("checkup")
_NEVER = "The doctor has not looked at this server yet: `POST /api/v1/checkup` has it look now."


class CheckupView(JsonModel):
    """Findings of the doctor, in the order in which to put them right."""

    ran_at: Moment
    healthy: bool
    lines: tuple[Line, ...]


@operations.add("GET", "/checkup", scope="admin", errors={404: "the doctor has never looked"})
async def read_checkup(context: Context) -> CheckupView:
    """Return what the doctor found last, and when."""
    found = await context.services.store.read(checkups.find)
    if found is None:
        raise Problem(_NEVER, status=404)
    return _view(found)


@operations.add("POST", "/checkup", scope="admin")
async def run_checkup(context: Context) -> CheckupView:
    """Have the doctor look at everything now.

    Each model that a role names is asked a few tiny questions, which cost.
    """
    services = context.services
    found = [line async for line in context.examine()]
    lines = tuple(line.model_copy(update={"text": clean(services, line.text)}) for line in found)
    return _view(await services.store.run(checkups.put, lines))


def _view(found: Checkup) -> CheckupView:
    healthy = all(line.level != "fail" for line in found.lines)
    return CheckupView(ran_at=moment(found.ran), healthy=healthy, lines=found.lines)
