"""Check whether a trouble is over, and how the tasks we started have ended."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa

from bot.deployments.health import ask_health
from bot.github.api.scopes import READ_CODE
from bot.github.resources.ancestry import measure_span
from bot.incidents.records import IncidentTask
from bot.incidents.recovery import Evidence, Observed, find_health, judge
from bot.incidents.rules import IncidentRules
from bot.store import acts, incidents, tasks
from bot.store.database import now_ms
from bot.store.incidents import Incident, Trouble
from bot.types import JsonModel, Repository
from bot.work.services import Services
from handlers.incident.flakes import find_flake

_MOST_LOOKS = 20  # troubles to look at in one pass


class Sight(JsonModel):
    """Findings of one look at an incident."""

    on: bool  # the policy wants incidents
    commits: int | None = None  # from the last good commit to the first bad one
    missing: tuple[str, ...] = ()  # what is missing to close it
    test: str = ""  # the one test that failed, where CI's history shows it to be flaky
    unread: str = ""  # why it is not known which tests failed, and what would tell


async def look(services: Services, request: IncidentTask) -> Sight:
    """Look for evidence, record it, and note how started tasks ended."""
    policy, _ = await services.policies.load_or_default(request.repository)
    rules = policy.rules(IncidentRules)
    one = await services.store.run(incidents.get, request.input.incident)
    if one is None or not rules.is_on:
        return Sight(on=False)
    await services.store.run(partial(_follow, incident=one.id, now=now_ms()))
    silent = [each for each in await services.store.run(incidents.list_troubles, one.id) if _is_silent(each)]
    found = {each.key: await _observe(services, one, each, rules) for each in silent[:_MOST_LOOKS]}
    missing = tuple(dict.fromkeys(evidence.text for evidence in found.values() if not evidence.green))
    if len(silent) > _MOST_LOOKS:
        missing += (f"{len(silent) - _MOST_LOOKS} more will be checked next time",)
    await services.store.run(partial(_record, incident=one, found=found, now=now_ms()))
    commits = await _count_commits(services, one)
    flake = await find_flake(services, one, rules)
    return Sight(on=True, commits=commits, missing=missing, test=flake.test, unread=flake.unread)


def _is_silent(trouble: Trouble) -> bool:
    return not trouble.firing and trouble.green is None


async def _observe(services: Services, one: Incident, trouble: Trouble, rules: IncidentRules) -> Evidence:
    """Look at what could show that a trouble is over."""
    if trouble.kind == "ci":
        descends = await _descends(services, one.place, trouble.bad_sha, trouble.good_sha)
        return judge(trouble, Observed(descends=descends))
    if trouble.kind in {"deploy", "security"}:
        return judge(trouble, Observed())
    url = find_health(trouble, rules)
    health = None if url is None else await ask_health(url, services.settings.health_hosts)
    service = rules.services.get(trouble.service)
    key = f"github deploy {service.environment}" if service is not None else ""
    known = await services.store.run(partial(incidents.find_troubles, repository=one.repository, keys=[key]))
    deployed = known[key].good if key in known and not known[key].firing else None
    return judge(trouble, Observed(health=health, deployed=deployed))


async def _descends(services: Services, repository: Repository, bad: str, good: str) -> bool:
    if not bad or not good:
        return bool(good)
    if bad == good:
        return True
    github = await services.github.for_repository(repository, READ_CODE)
    return (await measure_span(github, repository, bad, good)).descends


async def _count_commits(services: Services, one: Incident) -> int | None:
    """Count the commits that can have broken a branch, if both ends are known."""
    if one.kind != "ci" or not one.good_sha or not one.bad_sha or one.good_sha == one.bad_sha:
        return None
    github = await services.github.for_repository(one.place, READ_CODE)
    span = await measure_span(github, one.place, one.good_sha, one.bad_sha)
    return span.commits if span.descends else None


def _record(connection: sa.Connection, incident: Incident, found: dict[str, Evidence], now: int) -> None:
    """Write down what was seen, unless newer news came meanwhile."""
    incidents.lock(connection, incident.repository)
    known = incidents.find_troubles(connection, incident.repository, found)
    for key, evidence in found.items():
        trouble = known[key]
        if not _is_silent(trouble):
            continue
        # A job that passed on a commit without the bad one is still red.
        firing = trouble.kind == "ci" and not evidence.green
        update = {"green": now} if evidence.green else {"firing": firing}
        incidents.save_troubles(connection, [trouble.model_copy(update=update)])
        if evidence.green or firing:
            told = {"title": trouble.title, "text": evidence.text, "good": trouble.good}
            event = incidents.make_event(incident.id, "green" if evidence.green else "still_red", told, now)
            incidents.add_events(connection, [event])


def _follow(connection: sa.Connection, incident: str, now: int) -> None:
    """Note the ends of what was started."""
    for row in acts.list_of(connection, incident):
        task = tasks.get(connection, row.task) if row.task is not None and row.ended is None else None
        if task is not None and task.ended is not None:
            acts.end(connection, row, task.state, task.ended)
            told = {"act": row.act, "task": task.id, "state": task.state, "summary": task.summary[:500]}
            incidents.add_events(connection, [incidents.make_event(incident, "ended", told, now)])
