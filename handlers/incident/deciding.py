"""Decide what is done about an incident, in one transaction: what is claimed is claimed once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.incidents.decision import SETTLE, decide
from bot.incidents.facts import Facts, gather
from bot.incidents.records import DAY, MINUTE, Choice, IncidentTask
from bot.incidents.recovery import find_cause
from bot.incidents.rules import ACTS, IncidentRules
from bot.store import acts, audit, incidents
from bot.store.acts import ActRow
from bot.store.database import now_ms
from bot.store.incidents import Incident, IncidentState, Trouble
from bot.types import JsonModel
from bot.work.services import Services
from handlers.incident.looking import Sight

_LOOK_AGAIN = 5 * MINUTE
_LOOK_LATER = 60 * MINUTE


class Decided(JsonModel):
    """Choices about an incident, and the state it is in."""

    state: IncidentState
    choices: tuple[Choice, ...] = ()


async def settle(services: Services, request: IncidentTask, sight: Sight) -> Decided:
    """Decide what is done, and which state the incident is in now."""
    from handlers import TASKS  # the registry is complete once every capability is loaded

    policy, _ = await services.policies.load_or_default(request.repository)
    known = [act for act in ACTS if TASKS.get(act) is not None]
    run = partial(_settle, request=request, rules=policy.rules(IncidentRules), sight=sight, known=known, now=now_ms())
    return await services.store.run(run)


def _settle(
    connection: sa.Connection, request: IncidentTask, rules: IncidentRules, sight: Sight, known: Sequence[str], now: int
) -> Decided:
    found = incidents.get(connection, request.input.incident)
    assert found is not None, "incidents are not forgotten while they are looked at"
    incidents.lock(connection, found.repository)
    one = incidents.get(connection, found.id) or found
    troubles = tuple(incidents.list_troubles(connection, one.id))
    one = _name_flake(one, sight)
    one = one.model_copy(update={"cause": find_cause(one, troubles)})
    facts = gather(connection, one, now, known, sight.commits)
    choices = [] if one.closed is not None else decide(one, rules, facts)
    claimed = [_claim(connection, one, choice, facts, now) for choice in choices if choice.verdict == "act"]
    _audit(connection, request, one, choices, now)
    active = bool(claimed) or any(act.active and act.incident == one.id for act in facts.acts)
    state = _find_state(one, troubles, active=active)
    _save(connection, one, state, choices, sight, now)
    return Decided(state=state, choices=tuple(choices))


def _name_flake(one: Incident, sight: Sight) -> Incident:
    """Name the flaky test that alone failed, or forget the one before."""
    test = sight.test
    one = one.model_copy(update={"data": one.data | {"unread": sight.unread}})
    if not test and not one.data.get("test"):
        return one
    return one.model_copy(update={"cause": "flaky" if test else "unknown", "data": one.data | {"test": test}})


def _claim(connection: sa.Connection, one: Incident, choice: Choice, facts: Facts, now: int) -> ActRow:
    attempt = 1 + sum(act.incident == one.id and act.act == choice.act for act in facts.acts)
    row = ActRow(
        incident=one.id,
        act=choice.act,
        attempt=attempt,
        episode=one.episode,
        repository=one.repository,
        branch=choice.branch,
        environment=choice.environment,
        input=choice.input,
        reason=choice.reason,
        at=now,
    )
    acts.put(connection, row)
    return row


def _audit(
    connection: sa.Connection, request: IncidentTask, one: Incident, choices: Sequence[Choice], now: int
) -> None:
    """Write a row for each choice that is not the one of the last time."""
    before = {each.get("act"): each for each in one.data.get("choices", [])}
    for choice in choices:
        last = before.get(choice.act, {})
        if choice.verdict != "act" and (last.get("verdict"), last.get("reason")) == (choice.verdict, choice.reason):
            continue
        audit.record(
            connection,
            f"{choice.verdict} {choice.act}",
            allowed=choice.verdict == "act",
            reason=f"Incident {one.id}: {choice.reason}",
            actor=request.actor.login,
            repository=request.repository.full_name,
            delivery=request.delivery,
        )
        if choice.verdict != "off":
            told = choice.model_dump(mode="json", include={"act", "verdict", "reason"})
            incidents.add_events(connection, [incidents.make_event(one.id, "decided", told, now)])


def _find_state(one: Incident, troubles: Sequence[Trouble], *, active: bool) -> IncidentState:
    if one.closed is not None:
        return "closed"
    if troubles and all(each.green is not None for each in troubles):
        return "closed"
    if one.kind == "storm":
        return "storm"
    if active:
        return "acting"
    return "open" if any(each.firing for each in troubles) else "watching"


def _save(
    connection: sa.Connection, one: Incident, state: IncidentState, choices: Sequence[Choice], sight: Sight, now: int
) -> None:
    """Store the new state and when to look at the incident again."""
    kept = [choice.model_dump(mode="json") for choice in choices]
    update: dict[str, Any] = {"state": state, "data": one.data | {"choices": kept, "missing": list(sight.missing)}}
    if state == "closed" and one.closed is None:
        update |= {"open_key": None, "closed": now}
    again = None if state == "closed" else _find_next(one, choices, sight, now)
    update["due"] = one.due if again is None or (one.due is not None and one.due < again) else again
    incidents.save(connection, one.model_copy(update=update))
    if state != one.state:
        why = "; ".join(sight.missing) if state == "watching" else ""
        told = {"from": one.state, "to": state, "why": why}
        incidents.add_events(connection, [incidents.make_event(one.id, "state", told, now)])


def _find_next(one: Incident, choices: Sequence[Choice], sight: Sight, now: int) -> int | None:
    """Return when to look again where no event would tell us to."""
    rests = one.cause == "infrastructure" and now - one.first < SETTLE
    waits = [one.first + SETTLE - now for choice in choices if choice.act == "rerun" and rests]
    if sight.missing and now - one.last < DAY:
        waits.append(_LOOK_AGAIN if now - one.last < _LOOK_LATER else _LOOK_LATER)
    return now + min(waits) if waits else None
