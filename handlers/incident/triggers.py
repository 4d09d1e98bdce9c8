"""Take GitHub's own events in as signals, and notice when people close an incident's issue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from bot.doors.webhook.parts import read_part
from bot.doors.webhook.router import Event, Router
from bot.github.api.scopes import READ_CODE
from bot.github.resources.ancestry import measure_span
from bot.incidents.intake import take_wanted
from bot.incidents.passes import start_pass
from bot.incidents.rules import IncidentRules
from bot.policy.rules import Policy
from bot.signals.github import EVENTS, read
from bot.signals.records import Signal
from bot.store import incidents
from bot.store.database import now_ms
from bot.store.incidents import AT_ONCE
from bot.types import Repository
from bot.work.services import Services

router: Router[Services] = Router()


async def hear(event: Event, services: Services) -> None:
    """Take in what an event says of a watched branch or environment.

    The commit is looked for on our own branch: a fork's branch may have the same name, and costs nothing beyond that.
    """
    repository = event.repository()
    received = now_ms()
    signals = read(event.name, event.payload, event.guid, received)
    if repository is None or not signals or _is_ours(event, services):
        return
    policy = await _load_policy(services, event, repository, signals)
    rules = policy.rules(IncidentRules)
    named = [_name_service(signal, rules) for signal in signals]
    watched = [signal for signal in named if rules.is_on and _is_watched(signal, rules, repository)]
    wanted = [signal for signal in watched if await _is_on_branch(services, repository, signal)]
    now, theirs = now_ms(), round(services.github.now() * 1000)
    ours = [_set_time(signal, received, now, theirs) for signal in wanted]
    if ours:
        await take_wanted(services, repository, ours, now)


for _name in EVENTS:
    router.on(_name)(hear)


@router.on("issues", "closed")
async def close_by_people(event: Event, services: Services) -> None:
    """Close the incident whose issue a person closed."""
    repository, number, sender = event.repository(), event.number, event.sender()
    if repository is None or number is None or sender is None or sender.id == (await services.github.bot()).id:
        return
    close = partial(_close, repository=repository.id, number=number, login=sender.login, now=now_ms())
    closed = await services.store.run(close)
    if closed is not None:
        await start_pass(services, closed)


def _close(connection: sa.Connection, repository: int, number: int, login: str, now: int) -> str | None:
    incidents.lock(connection, repository)
    one = incidents.find_by_number(connection, repository, number)
    if one is None or one.closed is not None:
        return None
    closed = {"state": "closed", "open_key": None, "closed": now, "due": AT_ONCE}
    incidents.save(connection, one.model_copy(update=closed))
    told = {"from": one.state, "to": "closed", "why": f"@{login} closed the issue; nothing shows that it is over."}
    incidents.add_events(connection, [incidents.make_event(one.id, "state", told, now)])
    return one.id


async def _load_policy(services: Services, event: Event, repository: Repository, signals: Sequence[Signal]) -> Policy:
    """Load the policy.

    Most news of CI is about pull requests' branches: a request for each would use up GitHub's limit.
    """
    if any(signal.environment or signal.branch in ("", repository.default_branch) for signal in signals):
        return (await services.policies.load_or_default(repository, since=event.read_at))[0]
    return (await services.policies.load_recent(repository))[0]


def _is_ours(event: Event, services: Services) -> bool:
    """Return whether it is a check of our own."""
    app = read_part(event.payload, event.name, "app").get("id")
    return app is not None and app == services.settings.app_id


def _set_time(signal: Signal, received: int, now: int, theirs: int) -> Signal:
    """Convert GitHub's time to our clock: a wrong one must not make news old.

    ``now`` and ``theirs`` are one moment (ms) by both. Our clock may have been set since the event was ``received``.
    """
    told = signal.started != received
    return signal.model_copy(update={"started": signal.started + now - theirs if told else now})


def _name_service(signal: Signal, rules: IncidentRules) -> Signal:
    """Name the one service that is mapped to a deployment's environment."""
    named = [name for name, service in rules.services.items() if service.environment == signal.environment]
    return signal.model_copy(update={"service": named[0]}) if signal.environment and len(named) == 1 else signal


def _is_watched(signal: Signal, rules: IncidentRules, repository: Repository) -> bool:
    branch = not signal.branch or rules.watches(signal.branch, repository.default_branch)
    if not signal.environment:
        return branch
    mapped = {service.environment for service in rules.services.values()}
    return signal.environment in mapped or (branch and signal.labels.get("production") == "true")


async def _is_on_branch(services: Services, repository: Repository, signal: Signal) -> bool:
    if not signal.kind.startswith("ci_") or not signal.branch:
        return True
    github = await services.github.for_repository(repository, READ_CODE)
    return (await measure_span(github, repository, signal.sha, signal.branch)).descends
