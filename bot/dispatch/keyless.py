"""Let tasks go on that wait for a key, once there is one that they could be paid with.

What a provider itself refused is tried with a word before. Who asked for such a task is asked about again: in the
meantime they may have lost the permission.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

import structlog

from bot.dispatch.authorise import authorise, identify, record
from bot.dispatch.registry import Registry
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import find_closed, find_key
from bot.github.api.errors import GitHubError
from bot.models.gateway import is_about_key
from bot.models.port import BudgetExceeded, ModelError, Spender
from bot.store import tasks
from bot.store.tasks import Task
from bot.work.origin import Request
from bot.work.services import Services

_PLACE = "(tests of keys)"
_DOLLARS = 0.05  # that a word may cost
_CALM = 60.0  # seconds between tries of a key
log = structlog.get_logger(__name__)
Answers = dict[tuple[str, str], float]
"""By model and key, the epoch seconds before which it is not worth while to go on."""


async def go_on_with_keys(services: Services, registry: Registry, waiting: Sequence[Task]) -> None:
    """Let go on what waits for a key that is there now."""
    answers: Answers = {}
    for task in waiting:
        spec = registry.get(task.flow)
        request: Request[Any] = Request.model_validate(task.argument)
        try:
            if spec is not None and await _has_key(services, task, request, answers):
                await _go_on(services, spec, task, request)
        except GitHubError as error:  # it is looked at again
            log.warning("a task with a key could not go on", task=task.id, reason=error.message)


async def _has_key(services: Services, task: Task, request: Request[Any], answers: Answers) -> bool:
    """Return True if one of the models that a task waits for can be asked."""
    details = task.data.get("details") or {}
    until = float(details.get("until") or 0.0)
    if until > time.time():
        return False
    spender = await _spend(services, request)
    later: list[float] = []
    for name in str(details.get("models") or "").splitlines():
        key = await services.models.find_key(name, spender)
        if key is None:
            continue
        if not until:  # nobody was asked: there was no key
            return True
        if (name, key) not in answers:
            answers[name, key] = await _try(services, name, spender)
        if answers[name, key] <= time.time():
            return True
        later.append(answers[name, key])
    if later:
        await services.store.run(tasks.put_off, task.id, min(later))
    return False


async def _spend(services: Services, request: Request[Any]) -> Spender:
    """Return the account of a word: whose keys pay is the task's."""
    repository = request.repository
    return Spender(
        task=f"test-{secrets.token_hex(6)}",
        repository=_PLACE,
        max_task=_DOLLARS,
        max_day=services.models.budget.day,
        permitted=(await services.policies.owners.govern(repository)).permitted,
        person_id=request.actor.id,
        repository_id=repository.id,
        installation=repository.installation,
    )


async def _try(services: Services, name: str, spender: Spender) -> float:
    """Ask a model for a word; return 0, or when it is worth while again."""
    try:
        await services.models.probe(name, spender)
    except BudgetExceeded:  # the task itself says it better
        return 0.0
    except ModelError as error:
        until = error.detail("until") if is_about_key(error) else None
        return max(float(until or 0.0), time.time() + _CALM)
    return 0.0


async def _go_on(services: Services, spec: TaskSpec[Any], task: Task, request: Request[Any]) -> None:
    origin = request.origin
    principal = origin.principal
    policy, _ = await services.policies.load_or_default(request.repository)
    if not principal.vouched:
        known = await identify(services, request.repository, principal.actor)
        principal = principal.model_copy(update={"role": known.role})
    decision = authorise(principal, spec.name, origin.door, policy, services.settings.trusted_bots)
    action = f"go on with {spec.name}"
    await record(services, origin.delivery, request.repository, principal.actor, action, decision)
    if not decision.allowed:
        await services.store.run(tasks.end_waiting, task.id, "cancelled", decision.reason)
    elif closed := await find_closed(services, spec, request):
        await services.store.run(tasks.end_waiting, task.id, "cancelled", closed.reason)
    else:
        await services.engine.go_on(task.id, find_key(spec, request))
