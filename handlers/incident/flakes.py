"""Find the one test that made a branch red, where CI's own history shows that it is flaky."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from bot import ci_logs
from bot.github.api.errors import GitHubError
from bot.github.api.scopes import READ_ACTIONS, READ_CHECKS
from bot.github.resources import check_notes, ci
from bot.incidents.rules import IncidentRules
from bot.markdown import counted
from bot.redaction import redact
from bot.store.incidents import Incident
from bot.test_history.names import normalise
from bot.test_history.notes import find_named
from bot.work.services import Services
from handlers.flaky.report import read_ci
from handlers.quarantine.facts import look_up

_NOTES = 50
_ADVICE = "Grant the App *Actions: read* (group `ci`), or have each failing test make an annotation with its name."


class Flake(NamedTuple):
    """The one test that failed, if it is flaky; ``unread``: what lacks."""

    test: str = ""
    unread: str = ""


async def find_flake(services: Services, one: Incident, rules: IncidentRules) -> Flake:
    """Return the flaky test that alone failed in the newest red job.

    The job's log says which test failed, or where it cannot be read the annotations of its check. CI's reports of other
    runs and examinations say whether it is flaky: nothing is run here.
    """
    job = str(one.data.get("check", ""))
    if rules.quarantine == "off" or one.kind != "ci" or one.closed is not None or not job.isdecimal():
        return Flake()
    try:
        tests, unread = await _read_tests(services, one, int(job))
        await read_ci(services, one.place)
    except GitHubError as error:
        return Flake(unread=f"Neither CI's log nor its annotations could be read: {error.message}")
    if len({normalise(name) for name in tests}) != 1:
        return Flake(unread=unread)
    facts = await look_up(services.store, one.repository, tests[0])
    return Flake(redact(facts.test), "" if facts.test else unread)


async def _read_tests(services: Services, one: Incident, job: int) -> tuple[Sequence[str], str]:
    """Return the failing tests of a job; without its log, what lacks too."""
    try:
        client = await services.github.for_repository(one.place, READ_ACTIONS)
        log = await ci.download_log(client, one.place, job)
    except GitHubError as error:
        client = await services.github.for_repository(one.place, READ_CHECKS)
        named = sorted(find_named(await check_notes.list_notes(client, one.place, job, _NOTES)))
        told = f"annotations of its check name {counted(len(named), 'test')}"
        return named, f"CI's log could not be read ({error.message.rstrip('.')}); {told}. {_ADVICE}"
    lines = await asyncio.to_thread(ci_logs.read_log, log.text, log.period)
    return await asyncio.to_thread(ci_logs.find_failing_tests, lines), ""
