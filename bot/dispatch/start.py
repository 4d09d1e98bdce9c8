"""From an event to a task: may this actor, acknowledge, one row, start. Every refusal is audited and answered."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog
from pydantic import ConfigDict

from bot.doors.comments import replies
from bot.doors.comments.commands import Invocation
from bot.doors.webhook.router import Event
from bot.engine.port import FINAL_STATES
from bot.github.api.scopes import COMMENT, READ_CODE
from bot.github.resources import issues, labels, permissions
from bot.github.resources.permissions import Role
from bot.github.text.markers import Marker
from bot.policy import Decision, may
from bot.store import audit, tasks
from bot.store.database import now_ms
from bot.store.tasks import NewTask, Task
from bot.types import Actor, Repository, Target
from bot.work.locked import unless_locked
from bot.work.services import Services

log = structlog.get_logger(__name__)
_REFUSALS = 30


class _Stored(Target):
    """Some flow's argument, whatever else it holds."""

    model_config = ConfigDict(frozen=True, extra="allow")


Acknowledge = Callable[[str], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Request:
    """What a handler asks to be started, on the target that ``argument`` names.

    Tasks that write to the same issue's branch wait for each other. ``acknowledge`` gives people the first sign; it is
    told the id of the task that works on it, which may be an earlier one. Without it, eyes appear on the target.
    ``key`` tells this request from all others (by default its delivery does). Only those that are ``alone`` give way
    to one of the same flow that is active on the target.
    """

    event: Event
    flow: str
    argument: Target
    writes: bool
    source: str = "label"
    acknowledge: Acknowledge | None = None
    key: str | None = None
    alone: bool = True
    parent: str | None = None

    @property
    def task_id(self) -> str:
        return hashlib.sha256(f"{self.key or self.event.guid} {self.flow}".encode()).hexdigest()[:12]


async def sender_role(services: Services, event: Event) -> Role | None:
    """The sender's real permission, asked of GitHub; the token of the first sign is minted meanwhile.

    For handlers to ask beside whatever else they must know, so that people see a sign sooner.
    """
    repository, actor = event.repository(), event.sender()
    if repository is None or actor is None:
        return None
    role, _ = await asyncio.gather(
        _role(services, repository, actor), services.github.for_repository(repository, COMMENT)
    )
    return role


async def start(services: Services, request: Request, role: Role | None) -> bool:
    """Start the flow if the actor, whose ``role`` is what :func:`sender_role` said, has write permission.

    False where it was refused, or where the same flow is active on the same target already.
    """
    target = request.argument
    decision = may(target.actor, role, "write", services.settings.trusted_bots)
    await record(services, request, decision)
    if not decision.allowed:
        await _refuse(services, target.repository, target.number, target.actor, decision, request.event.guid)
        return False
    return await begin(services, request)


async def record(services: Services, request: Request, decision: Decision) -> None:
    """The audit row of what was decided about a request."""
    target = request.argument
    await decided(services, request.event.guid, target.repository, target.actor, f"start {request.flow}", decision)


async def begin(services: Services, request: Request) -> bool:
    """Start what is allowed; False where the same flow is active on the same target already."""
    new = _new_task(request)
    creation = await services.store.run(lambda connection: tasks.create(connection, new))
    acknowledge = request.acknowledge or partial(_eyes, services, request.argument)
    seen = asyncio.create_task(acknowledge(creation.holder))
    if creation.created or creation.holder == new.id:
        await services.engine.start(new.id, new.flow, request.argument, group=new.group)
        log.info("task queued", task=new.id, flow=new.flow, number=new.number, actor=new.actor)
    with unless_locked("acknowledge"):
        await seen
    return creation.created


async def begin_typed(services: Services, invocation: Invocation, request: Request) -> None:
    """Start what a command asks for, or say that it is being done already. The command itself has its eyes by now."""

    async def told(holder: str) -> None:
        if holder != typed.task_id:
            text = f"I am on it already (task `{holder}`). `/status` says how far I am, `/cancel` stops it."
            await replies.reply(services, invocation, text)

    typed = replace(request, source="command", key=invocation.key, acknowledge=told)
    await begin(services, typed)


async def begin_again(services: Services, invocation: Invocation, task: Task) -> None:
    """Start a task once more as it was asked for, for whoever typed the command; ``task`` is the parent."""
    now = {"triggered": invocation.typed_at, "source_label": None, "head_sha": None}
    renewed = {name: value for name, value in now.items() if name in task.argument}
    asked = Target(  # the repository too: it may have another name by now
        repository=invocation.repository,
        number=invocation.number,
        actor=invocation.actor,
        delivery=invocation.event.guid,
    )
    argument = _Stored.model_validate(task.argument | renewed | asked.model_dump(mode="json"))
    writes = task.group is not None
    again = Request(invocation.event, task.flow, argument, writes, parent=task.id)
    await begin_typed(services, invocation, again)


async def answer(services: Services, event: Event, text: str) -> None:
    """One comment where the event happened, posted once however often the delivery is handled."""
    repository, number = event.repository(), event.number
    if repository is not None and number is not None:
        await _comment(services, repository, number, text, event.guid)


async def cancel_active(services: Services, event: Event, flow: str, *, label: str | None = None) -> None:
    """Stop the flow's active task on the event's target, with ``label`` only one that this label started.

    GitHub let the sender do what stops it, so nobody asks again whether they may.
    """
    repository, actor, number = event.repository(), event.sender(), event.number
    if repository is None or actor is None or number is None:
        return
    key = active_key(flow, repository, number)
    task = await services.store.run(lambda connection: tasks.find_holder(connection, key))
    if task is None or (label is not None and not labels.same(label, str(task.argument.get("source_label")))):
        return
    if (await services.github.bot()).id != actor.id:
        reason = f"@{actor.login} {'closed the issue' if label is None else 'took the label away'}."
        await decided(services, event.guid, repository, actor, f"cancel {flow}", Decision(True, reason))
        await services.engine.cancel(task.id, actor.login)


async def cancel_installation(services: Services, event: Event) -> None:
    """Stop everything of an installation that was suspended or removed."""
    installation, actor = event.installation, event.sender()
    if installation is None:
        return
    services.github.forget_installation(installation)
    running = await services.store.run(tasks.list_runnable)
    for task in running:
        if task.installation == installation and task.state not in FINAL_STATES:
            await services.engine.cancel(task.id, actor.login if actor else "the account's owner")


async def _role(services: Services, repository: Repository, actor: Actor) -> Role | None:
    github = await services.github.for_repository(repository, READ_CODE)
    return await permissions.role_of(github, repository, actor.login)


async def decided(
    services: Services, guid: str, repository: Repository, actor: Actor, action: str, decision: Decision
) -> None:
    """The audit row of a permission decision about an action, such as ``start fix`` or ``/ask``."""
    where = {"delivery": guid, "repository": repository.full_name, "actor": actor.login}
    await services.store.run(
        lambda connection: audit.record(connection, action, allowed=decision.allowed, reason=decision.reason, **where)
    )


def active_key(flow: str, repository: Repository, number: int) -> str:
    """What one task at a time may hold; a renamed repository keeps its id."""
    return f"{flow} {repository.id}#{number}"


def _new_task(request: Request) -> NewTask:
    target = request.argument
    return NewTask(
        id=request.task_id,
        parent=request.parent,
        flow=request.flow,
        source=request.source,
        delivery=request.event.guid,
        installation=target.repository.installation,
        repository=target.repository.full_name,
        number=target.number,
        actor=target.actor.login,
        argument=target.model_dump(mode="json"),
        active_key=active_key(request.flow, target.repository, target.number) if request.alone else None,
        group=f"{target.repository.id}@{request.flow}-{target.number}" if request.writes else None,
    )


async def _eyes(services: Services, target: Target, _task_id: str) -> None:
    github = await services.github.for_repository(target.repository, COMMENT)
    await issues.react_to_issue(github, target.repository, target.number, "eyes")


async def _refuse(
    services: Services, repository: Repository, number: int, actor: Actor, decision: Decision, guid: str
) -> None:
    """One reaction and one sentence; other bots get neither, so that two bots cannot keep each other busy. Nor does
    anybody who was refused more than thirty times within an hour: anybody may review a public pull request."""
    hour = now_ms() - 3_600_000
    refused = await services.store.run(lambda connection: audit.count_refusals(connection, actor.login, hour))
    if actor.type == "Bot" or refused > _REFUSALS:
        return
    github = await services.github.for_repository(repository, COMMENT)
    with unless_locked("refuse"):
        await issues.react_to_issue(github, repository, number, "confused")
    await _comment(services, repository, number, decision.reason, guid)


async def _comment(services: Services, repository: Repository, number: int, text: str, guid: str) -> None:
    github = await services.github.for_repository(repository, COMMENT)
    marker, bot = Marker(task=guid, part="answer"), await services.github.bot()
    body = services.outgoing(text)
    with unless_locked("answer"):
        await issues.ensure_comment(github, repository, number, body, marker=marker, bot_id=bot.id)
