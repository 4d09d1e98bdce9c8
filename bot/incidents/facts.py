"""Gather what decisions rest on: values of the database, without a clock or a network."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from pydantic import Field

from bot.incidents.records import DAY, MINUTE
from bot.incidents.rules import ACTS
from bot.store import acts, incidents, tasks
from bot.store.incidents import Incident, IncidentEvent, Trouble
from bot.store.tasks import Task
from bot.types import JsonModel

_DEPLOYED = "github deploy "
_FLAP_WINDOW = 60 * MINUTE


class PastAct(JsonModel):
    """Something that was started, by us or by people."""

    incident: str = ""
    episode: int = 0
    act: str
    branch: str = ""
    environment: str = ""
    at: int
    ended: int | None = None
    outcome: str = ""

    @property
    def active(self) -> bool:
        """Return whether it is still at work."""
        return self.ended is None


class Other(JsonModel):
    """Another incident of the repository, in short."""

    id: str
    kind: str
    service: str
    environment: str
    first: int
    opened: int
    open: bool


class Facts(JsonModel):
    """Everything that a decision looks at, beside the incident and the policy."""

    now: int
    troubles: tuple[Trouble, ...] = ()
    acts: tuple[PastAct, ...] = ()
    others: tuple[Other, ...] = ()
    deployed: dict[str, int] = Field(default_factory=dict)  # environment: when its newest deployment succeeded
    flaps: int = 0  # how often it fired again within the hour
    commits: int | None = None  # from the last good commit to the first bad one
    tasks: tuple[str, ...] = ()  # acts that this version has a task for


def gather(
    connection: sa.Connection, incident: Incident, now: int, known: Collection[str], commits: int | None
) -> Facts:
    """Read the facts about an incident as they are now."""
    repository = incident.repository
    environments = incidents.find_prefixed(connection, repository, _DEPLOYED)
    return Facts(
        now=now,
        troubles=tuple(incidents.list_troubles(connection, incident.id)),
        acts=tuple(_list_acts(connection, incident, now)),
        others=tuple(_show(one) for one in incidents.list_recent(connection, repository, now - DAY)),
        deployed={one.environment: one.good for one in environments if one.good is not None},
        flaps=_count_flaps(incidents.list_events(connection, incident.id), now),
        commits=commits,
        tasks=tuple(known),
    )


def _list_acts(connection: sa.Connection, incident: Incident, now: int) -> list[PastAct]:
    """List what was started here within a day, by us or by people."""
    claimed = acts.list_recent(connection, incident.repository, incident.id, now - DAY)
    ours = {one.task for one in claimed}
    found = [
        PastAct(
            incident=one.incident,
            episode=one.episode,
            act=one.act,
            branch=one.branch,
            environment=one.environment,
            at=one.at,
            ended=one.ended,
            outcome=one.outcome,
        )
        for one in claimed
    ]
    for task in tasks.list_started(connection, incident.repository, ACTS, now - DAY):
        given = task.argument.get("input") or {}
        if task.id not in ours:
            branch = str(given.get("branch") or _guess_branch(task, incident))
            where = {"branch": branch, "environment": str(given.get("environment") or "")}
            found.append(PastAct(act=task.flow, at=task.created, ended=task.ended, outcome=task.state, **where))
    return found


def _guess_branch(task: Task, incident: Incident) -> str:
    """Return the branch of people's heal or revert that names none."""
    healed = task.flow == "heal" and (task.argument.get("subject") or {}).get("number") is None
    return incident.place.default_branch if healed or task.flow == "revert" else ""


def _show(one: Incident) -> Other:
    fields = one.model_dump(include={"id", "kind", "service", "environment", "first", "opened"})
    return Other(open=one.open_key is not None, **fields)


def _count_flaps(events: list[IncidentEvent], now: int) -> int:
    recent = (one for one in events if now - one.at <= _FLAP_WINDOW)
    return sum(one.kind in {"fired_again", "reopened"} for one in recent)
