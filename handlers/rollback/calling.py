"""Set a rollback off by a signed webhook to the deploy system that the policy names."""

from __future__ import annotations

import json
import time

import structlog

from bot.deployments.health import send
from bot.doors.signals.verification import SIGNATURE_HEADER, sign_own
from bot.sealing.local import LocalMaster
from bot.sealing.port import SealError
from bot.sealing.sealer import Sealer
from bot.store import sources
from bot.work.assignment import Assignment
from handlers.rollback.records import Plan, RollbackTask
from handlers.rollback.rules import EnvironmentRules

log = structlog.get_logger(__name__)


async def call(work: Assignment[RollbackTask], plan: Plan, rules: EnvironmentRules) -> str:
    """Send the webhook; return why it was not taken, "" where it was.

    It is signed as our own signals are, with the secret of the source that the policy names, and its name is the
    task's: a step that ran twice sends it twice under one name.
    """
    if not rules.webhook or not rules.source:
        return "the policy names no `webhook` and `source` for this environment"
    secret = await _find_secret(work, rules.source)
    if secret is None:
        return f"`{rules.source[:40]}` is no source of this repository whose secret can be read (`forgehand signals`)"
    told = {
        "action": "rollback",
        "repository": work.task.repository.full_name,
        "environment": work.task.input.environment,
        "sha": plan.sha,
        "from": plan.bad.sha,
        "task": work.task_id,
    }
    body = json.dumps(told).encode()
    signed = {SIGNATURE_HEADER: sign_own(body, secret, at=int(time.time()), name=work.task_id)}
    return await send(rules.webhook, body, signed, work.services.settings.health_hosts)


async def _find_secret(work: Assignment[RollbackTask], source_id: str) -> str | None:
    """Return the newest secret of a source, if it is this repository's."""
    live = await work.services.store.run(sources.list_live)
    mine = (one for one in live if one.id == source_id and one.repository.id == work.task.repository.id)
    source = next((one for one in mine if one.kind == "own" and one.secrets), None)
    if source is None:
        return None
    try:
        return await Sealer(LocalMaster.of(work.services.settings)).open(source.secrets[0], source.place)
    except SealError as error:
        log.error("the secret of a rollback's webhook cannot be read", source=source_id, reason=error.message)
        return None
