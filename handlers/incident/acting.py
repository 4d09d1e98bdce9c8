"""Start the tasks that were decided on, by their names in the registry."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from bot.dispatch.start import Refusal, StartedTask, start
from bot.incidents.records import IncidentTask
from bot.policy import PATH
from bot.store import acts, incidents
from bot.store.acts import ActRow
from bot.store.database import now_ms
from bot.store.incidents import Incident
from bot.types import Actor
from bot.work.origin import Origin, Principal, Subject
from bot.work.services import Services


async def start_claimed(services: Services, request: IncidentTask) -> int:
    """Start what is claimed and not begun; return how many tasks that are.

    A task's key is that of its claim, so whoever starts it again finds the same task.
    """
    one = await services.store.run(incidents.get, request.input.incident)
    rows = await services.store.run(acts.list_of, request.input.incident)
    waiting = [row for row in rows if row.task is None and row.ended is None]
    for row in waiting:
        if one is not None:
            await _start(services, request, one, row)
    return len(waiting)


async def _start(services: Services, request: IncidentTask, one: Incident, row: ActRow) -> None:
    from handlers import TASKS  # the registry is complete once every capability is loaded

    spec = TASKS.get(row.act)
    assert spec is not None, "what has no task is not claimed"
    policy, _ = await services.policies.load_or_default(request.repository)
    asked = spec.request(
        repository=request.repository,
        subject=Subject(kind="repository", title=one.title),
        origin=_make_origin(request.actor, request, one, row),
        input=spec.input.model_validate(row.input),
    )
    begun = await start(services, spec, asked, policy)
    await services.store.run(partial(_note, row=row, begun=begun, now=now_ms()))


def _make_origin(actor: Actor, request: IncidentTask, one: Incident, row: ActRow) -> Origin:
    vouched = f"`incidents` in `{PATH}` permits `{row.act}` here. {row.reason}"
    return Origin(
        door=request.origin.door,
        principal=Principal(kind="alert" if request.origin.door == "alert" else "self", actor=actor, vouched=vouched),
        key=f"incident:{one.id}:{row.act}:{row.attempt}",
        at=datetime.now(UTC).isoformat(),
        delivery=request.delivery,
        issue=one.number,
        cause="incident",
    )


def _note(connection: sa.Connection, row: ActRow, begun: StartedTask | Refusal, now: int) -> None:
    if isinstance(begun, Refusal):
        acts.end(connection, row, "refused", now)
        told = {"act": row.act, "state": "refused", "summary": begun.reason[:500]}
        incidents.add_events(connection, [incidents.make_event(row.incident, "ended", told, now)])
        return
    acts.put(connection, row.model_copy(update={"task": begun.task}))
    told = {"act": row.act, "task": begun.task, "reason": row.reason}
    incidents.add_events(connection, [incidents.make_event(row.incident, "started", told, now)])
