"""Start the task that looks at an incident, when it is due: one at a time for each, whoever else starts it too."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import sqlalchemy as sa

from bot.dispatch.start import queue
from bot.incidents.records import FLOW, IncidentInput, IncidentTask
from bot.store import incidents, tasks
from bot.store.database import now_ms
from bot.store.incidents import Incident
from bot.store.tasks import NewTask
from bot.types import Actor
from bot.work.origin import Door, Origin, Principal, Subject
from bot.work.services import Services

_VOUCHED = "The policy's `incidents` wants this; looking at an incident costs nothing."


class _Pass(NamedTuple):
    """A look at an incident that nobody else makes."""

    task: NewTask
    request: IncidentTask


async def start_pass(services: Services, incident_id: str) -> bool:
    """Start a look at an incident if one is due; return whether it was.

    Its row is made in the same transaction as the incident is no longer due, so none is lost and none is made twice.
    """
    bot = await services.github.bot()
    made = await services.store.run(partial(_claim, incident_id=incident_id, bot=bot, now=now_ms()))
    if made is not None:
        await queue(services, made.task, made.request)
    return made is not None


def _claim(connection: sa.Connection, incident_id: str, bot: Actor, now: int) -> _Pass | None:
    found = incidents.get(connection, incident_id)
    if found is None:
        return None
    incidents.lock(connection, found.repository)
    one = incidents.get(connection, incident_id)
    if one is None or not one.is_due(now):
        return None
    made = _make(one, bot)
    update = {"due": None, "passed": now, "passes": one.passes + 1, "task": made.task.id, "data": one.data}
    incidents.save(connection, one.model_copy(update=update))
    tasks.create(connection, made.task)
    return made


def _make(one: Incident, bot: Actor) -> _Pass:
    key = f"incident:{one.id}:{one.passes + 1}"
    door: Door = "ci" if one.kind in {"ci", "infrastructure"} else "alert"
    repository = one.place
    request = IncidentTask(
        repository=repository,
        subject=Subject(kind="repository", title=one.title),
        origin=Origin(
            door=door,
            principal=Principal(kind="self", actor=bot, vouched=_VOUCHED),
            key=key,
            at=datetime.now(UTC).isoformat(),
            delivery=str(one.data.get("signal", {}).get("delivery", "")),
        ),
        input=IncidentInput(incident=one.id),
    )
    task = NewTask(
        id=hashlib.sha256(f"{key} {FLOW}".encode()).hexdigest()[:12],
        flow=FLOW,
        source=door,
        delivery=request.delivery or None,
        installation=repository.installation,
        repository=repository.full_name,
        actor=bot.login,
        argument=request.model_dump(mode="json"),
        group=f"{repository.id}@incident-{one.id}",
    )
    return _Pass(task, request)
