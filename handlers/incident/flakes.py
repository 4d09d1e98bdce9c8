"""Find the one test that made a branch red, where CI's own history shows that it is flaky."""

from __future__ import annotations

import asyncio

from bot import ci_logs
from bot.github.api.errors import GitHubError
from bot.github.api.scopes import READ_ACTIONS
from bot.github.resources import ci
from bot.incidents.rules import IncidentRules
from bot.redaction import redact
from bot.store.incidents import Incident
from bot.test_history.names import normalise
from bot.work.services import Services
from handlers.flaky.report import read_ci
from handlers.quarantine.facts import look_up


async def find_flake(services: Services, one: Incident, rules: IncidentRules) -> str:
    """Return the flaky test that alone failed in the newest red job, else "".

    The job's log says which test failed, CI's reports of other runs and examinations say whether it is flaky: nothing
    is run here. Without the permission to read logs nothing is known.
    """
    job = str(one.data.get("check", ""))
    if rules.quarantine == "off" or one.kind != "ci" or one.closed is not None or not job.isdecimal():
        return ""
    try:
        client = await services.github.for_repository(one.place, READ_ACTIONS)
        log = await ci.download_log(client, one.place, int(job))
    except GitHubError:
        return ""
    await read_ci(services, one.place)
    tests = await asyncio.to_thread(lambda: ci_logs.find_failing_tests(ci_logs.read_log(log.text, log.period)))
    if len({normalise(name) for name in tests}) != 1:
        return ""
    facts = await look_up(services.store, one.repository, tests[0])
    return redact(facts.test)
