"""Let tasks go on that wait for a key, once there is one that they could be paid with.

Who asked for such a task is asked about again: in the meantime they may have lost the permission.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.dispatch.again import restart
from bot.dispatch.authorise import authorise, identify, record
from bot.dispatch.registry import Registry
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import Refusal
from bot.github.api.errors import GitHubError
from bot.models.port import Spender
from bot.store import tasks
from bot.store.tasks import Task
from bot.work.origin import Request
from bot.work.services import Services

log = structlog.get_logger(__name__)


async def go_on_with_keys(services: Services, registry: Registry) -> None:
    """Start anew what waits for a key that is there now."""
    for task in await services.store.read(tasks.list_keyless):
        spec = registry.get(task.flow)
        request: Request[Any] = Request.model_validate(task.argument)
        if spec is None or not await _has_key(services, task, request):
            continue
        try:
            await _go_on(services, spec, task, request)
        except GitHubError as error:  # it is looked at again
            log.warning("a task with a key could not go on", task=task.id, reason=error.message)


async def _has_key(services: Services, task: Task, request: Request[Any]) -> bool:
    repository = request.repository
    spender = Spender(
        task=task.id,
        repository=repository.full_name,
        max_task=0.0,
        max_day=0.0,
        person_id=request.actor.id,
        repository_id=repository.id,
        installation=repository.installation,
    )
    details = task.data.get("details") or {}
    names = str(details.get("models") or "").splitlines()
    return any([await services.models.has_key(name, spender) for name in names])


async def _go_on(services: Services, spec: TaskSpec[Any], task: Task, request: Request[Any]) -> None:
    origin = request.origin
    principal = origin.principal
    policy, _ = await services.policies.load_or_default(request.repository)
    if not principal.vouched:
        known = await identify(services, request.repository, principal.actor)
        principal = principal.model_copy(update={"role": known.role})
    decision = authorise(principal, spec.name, origin.door, policy, services.settings.trusted_bots)
    action = f"start {spec.name}"
    await record(services, origin.delivery, request.repository, principal.actor, action, decision)
    if not decision.allowed:
        await services.store.run(tasks.end_waiting, task.id, "cancelled", decision.reason)
        return
    key = hashlib.sha256(f"{task.id} key".encode()).hexdigest()[:12]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    again = origin.model_copy(update={"principal": principal, "key": key, "at": at})
    started = await restart(services, spec, task, request.repository, again)
    if isinstance(started, Refusal):
        await services.store.run(tasks.end_waiting, task.id, "cancelled", started.reason)
        return
    summary = f"There is a key; task `{started.task}` does it from the beginning."
    await services.store.run(tasks.end_waiting, task.id, "done", summary)
