"""Look at an incident once: see what is known, decide, say it, start what is permitted, learn from its end.

A workflow never waits. Watching is a state: news, the end of what was started and the time that the incident is due
begin the next look.
"""

from __future__ import annotations

from enum import StrEnum

from bot.dispatch.spec import Doors, Shown, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.incidents.records import FLOW, IncidentInput, IncidentTask
from bot.work.results import Ending
from bot.work.services import Services
from handlers.incident.acting import start_claimed
from handlers.incident.deciding import settle
from handlers.incident.learning import learn
from handlers.incident.looking import look
from handlers.incident.publication import publish
from handlers.incident.rules import IncidentRules


class Stage(StrEnum):
    """Stage that steps report."""

    LOOK = "look"


async def run(ctx: Ctx, services: Services, request: IncidentTask) -> Outcome:
    """Look at the incident, as far as policy wants it."""
    sight = await ctx.step("look", look, services, request, retries=3)
    if not sight.on:
        return Outcome(state="done", summary="The policy has no use for incidents.")
    decided = await ctx.step("settle", settle, services, request, sight, retries=2)
    number = await ctx.step("publish", publish, services, request, retries=3)
    started = 0
    if any(choice.verdict == "act" for choice in decided.choices) or decided.state == "acting":
        started = await ctx.step("start", start_claimed, services, request, retries=3)
        await ctx.step("tell", publish, services, request, retries=3)
    data = {"incident": request.input.incident, "state": decided.state, "number": number, "started": started}
    if decided.state == "closed":
        document = await ctx.step("learn", learn, services, request, ctx.task_id, retries=2)
        data |= Ending(form="document", report=document).model_dump(mode="json")
    return Outcome(state="done", summary=f"The incident is {decided.state}.", data=data)


TASK = TaskSpec(
    name=FLOW,
    summary="Keeps an issue about what broke up to date, and starts what the policy permits.",
    details="Every trouble that signals name is one incident with one issue, which is closed only on evidence.",
    examples=(),
    input=IncidentInput,
    request=IncidentTask,
    run=run,
    subjects=frozenset({"repository"}),
    writes=Writes.COMMENTS,
    shown=Shown.RESULT,
    rules=IncidentRules,
    doors=Doors(command=False),
    stages={Stage.LOOK: "Look at the incident"},
)
