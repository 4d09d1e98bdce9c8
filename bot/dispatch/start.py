"""Start a task: authorise, insert its row, acknowledge, run its workflow."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, NamedTuple

import structlog

from bot import metrics
from bot.dispatch import replies
from bot.dispatch.authorise import authorise, record
from bot.dispatch.spec import Shown, TaskSpec, Writes
from bot.dispatch.waiting import supersede
from bot.github.resources.reply_targets import ReplyTarget
from bot.policy import Decision, Policy
from bot.store import audit, tasks
from bot.store.database import now_ms
from bot.store.tasks import NewTask
from bot.types import Repository
from bot.work.origin import Door, Request
from bot.work.services import Services

log = structlog.get_logger(__name__)
# Anybody may review a public pull request: an account that keeps being refused is not answered for ever.
_ANSWERED_REFUSALS_AN_HOUR = 30
ANSWERING: frozenset[Door] = frozenset({"api", "action", "terminal", "room"})
"""Doors that hand the refusal back to whoever asked."""
_ASKED: frozenset[Door] = frozenset({"label", "command", "button"})
"""Doors through which a person asks for a task by its name, on GitHub."""


class StartedTask(NamedTuple):
    """The task that does the work; ``created`` unless it existed already."""

    task: str
    created: bool


class Refusal(NamedTuple):
    """Refusal to start a task, in words for whoever asked."""

    reason: str


async def start(
    services: Services, spec: TaskSpec[Any], request: Request[Any], policy: Policy, *, parent: str | None = None
) -> StartedTask | Refusal:
    """Start the task if its principal may, else record and tell the refusal."""
    origin = request.origin
    decision = authorise(origin.principal, spec.name, origin.door, policy, services.settings.trusted_bots)
    await record(services, origin.delivery, request.repository, request.actor, f"start {spec.name}", decision)
    if decision.allowed:
        return await begin(services, spec, request, parent=parent)
    await _refuse(services, request, decision, closed=bool(policy.refuse(spec.name)), stopped=bool(policy.stopped))
    return Refusal(decision.reason)


async def begin(
    services: Services, spec: TaskSpec[Any], request: Request[Any], *, parent: str | None = None
) -> StartedTask | Refusal:
    """Start an authorised task, unless it is active or objects, and say so."""
    if closed := await find_closed(services, spec, request):
        return closed
    # A task that follows another one does what was accepted then.
    if parent is None and spec.objection is not None:
        problem = await spec.objection(services, request)
        if problem:
            await _say(services, request, problem)
            return Refusal(problem)
    forward = spec.forward(request) if spec.forward is not None else None
    if forward is not None:
        spec = forward.spec
        request = forward.request
        if closed := await find_closed(services, spec, request):
            return closed
    if request.origin.outlet not in spec.outlets:
        ways = " or ".join(f"`{outlet}`" for outlet in sorted(spec.outlets))
        return Refusal(f"What comes of `{spec.name}` goes to {ways}, not to `{request.origin.outlet}`.")
    new = _new_task(spec, request, parent)
    creation = await services.store.run(tasks.create, new)
    started = StartedTask(creation.holder, creation.created)
    sign = asyncio.create_task(_acknowledge(services, spec, request, started, new.id))
    if creation.created or creation.holder == new.id:
        await queue(services, new, request)
    await sign
    return started


async def find_closed(services: Services, spec: TaskSpec[Any], request: Request[Any]) -> Refusal | None:
    """Refuse what the organisation's file closes, whoever starts it."""
    reason = await services.policies.refuse(request.repository, spec.name)
    if not reason:
        return None
    decision = Decision(False, reason)
    await record(services, request.delivery, request.repository, request.actor, f"start {spec.name}", decision)
    return Refusal(reason)


async def queue(services: Services, new: NewTask, request: Request[Any]) -> None:
    """Have the workflow of a task run whose row is stored."""
    await services.store.run(supersede, new)
    await services.engine.start(new.id, new.flow, request, group=new.group)
    log.info("task queued", task=new.id, flow=new.flow, number=new.number, actor=new.actor)


def task_id_of(spec: TaskSpec[Any], request: Request[Any]) -> str:
    """Return the task's id: twelve hex digits of key and task name."""
    return hashlib.sha256(f"{request.origin.key} {spec.name}".encode()).hexdigest()[:12]


def active_key(name: str, repository: Repository, number: int) -> str:
    """Return the key of one active task, by an id that survives renames."""
    return f"{name} {repository.id}#{number}"


def find_key(spec: TaskSpec[Any], request: Request[Any]) -> str | None:
    """Return the key that a task holds while it is active, if any.

    What nobody sees on GitHub stands in nobody's way, and nobody who asks there is answered with it.
    """
    number = request.subject.number or request.origin.issue
    if not spec.exclusive or number is None or request.quiet:
        return None
    return active_key(spec.name, request.repository, number)


def _new_task(spec: TaskSpec[Any], request: Request[Any], parent: str | None) -> NewTask:
    origin = request.origin
    repository = request.repository
    number = request.subject.number or origin.issue
    return NewTask(
        id=task_id_of(spec, request),
        parent=parent,
        flow=spec.name,
        source=origin.door,
        delivery=origin.delivery,
        installation=repository.installation,
        repository=repository.full_name,
        number=number,
        actor=request.actor.login,
        argument=request.model_dump(mode="json"),
        active_key=find_key(spec, request),
        group=f"{repository.id}@{spec.name}-{number or 'repository'}" if spec.writes is Writes.BRANCH else None,
    )


async def _acknowledge(
    services: Services, spec: TaskSpec[Any], request: Request[Any], started: StartedTask, task_id: str
) -> None:
    """Acknowledge the request where somebody waits for a sign.

    A command has its eyes by now, and nobody waits for one after CI or of a task that is shown nowhere.
    """
    if request.quiet:
        return
    origin = request.origin
    known = started.task != task_id
    if origin.door == "command":
        if known:
            text = (
                f"I am already working on this (task `{started.task}`). `/status` shows progress, `/cancel` stops it."
            )
            await _say(services, request, text)
    elif spec.acknowledge is not None:
        if not known:
            await spec.acknowledge(services, request, task_id, started.created)
            metrics.note_sign()
    elif origin.door != "ci" and spec.shown is not Shown.RESULT and request.subject.number is not None:
        await replies.react(services, request.repository, _body(request.subject.number), "eyes")


async def _refuse(
    services: Services, request: Request[Any], decision: Decision, *, closed: bool, stopped: bool
) -> None:
    """Answer a refusal, unless a bot's: two bots could go on for ever.

    What an organisation has closed is not written to, but for one sentence to whoever asked for it by name.
    """
    actor = request.actor
    number = request.subject.number
    hour = now_ms() - 3_600_000
    refused = await services.store.run(audit.count_refusals, actor.login, hour)
    if (
        number is None
        or actor.type == "Bot"
        or request.origin.door in ANSWERING
        or (closed and request.origin.door not in _ASKED)
        or refused > _ANSWERED_REFUSALS_AN_HOUR
    ):
        return
    if not stopped:
        await replies.react(services, request.repository, _body(number), "confused")
    await _say(services, request, decision.reason)


async def _say(services: Services, request: Request[Any], text: str) -> None:
    """Answer where it was asked, else below the issue or pull request."""
    # A door that answers by itself needs no second answer on GitHub.
    origin = request.origin
    if origin.door in ANSWERING:
        return
    spot = origin.reply or (_body(request.subject.number) if request.subject.number is not None else None)
    if spot is not None:
        await replies.say(services, request.repository, spot, origin.key, text)


def _body(number: int) -> ReplyTarget:
    return ReplyTarget(kind="body", number=number)
