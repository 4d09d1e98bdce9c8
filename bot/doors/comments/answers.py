"""Take a comment as the answer to the questions that a task on its issue has asked."""

from __future__ import annotations

import asyncio
import hashlib

from bot.dispatch import replies
from bot.dispatch.again import go_on
from bot.dispatch.answering import hold_questions
from bot.dispatch.authorise import authorise, identify, record
from bot.dispatch.registry import Registry
from bot.dispatch.waiting import find_waiting
from bot.doors.comments.texts import IncomingText
from bot.doors.webhook.router import Event
from bot.types import Actor, Repository
from bot.work.origin import Origin
from bot.work.services import Services

_STATES = {"awaiting_answer"}


async def take_answer(
    event: Event, said: IncomingText, repository: Repository, actor: Actor, services: Services, registry: Registry
) -> None:
    """Start the task again that waits for this comment, if one does.

    Whoever may start it may answer. What others write is read too, once somebody has answered who may. Of this and an
    answer elsewhere at the same moment the first does; who comes late is told, and the comment stays.
    """
    if said.by_program or said.place != "issue" or said.spot.kind != "comment" or not said.is_open:
        return
    task = await find_waiting(services, repository, said.spot.number, states=_STATES)
    spec = registry.get(task.flow) if task is not None else None
    if task is None or spec is None or (said.spot.id or 0) <= task.posted.get("questions", 0):
        return
    (policy, _), principal = await asyncio.gather(
        services.policies.load_or_default(repository), identify(services, repository, actor)
    )
    decision = authorise(principal, spec.name, "command", policy)
    await record(services, event.guid, repository, actor, f"answer {spec.name}", decision)
    if not decision.allowed:
        return
    key = hashlib.sha256(f"{repository.id} answer {said.spot.id}".encode()).hexdigest()[:12]
    async with hold_questions(services, task.id, key) as obstacle:
        if obstacle:
            await replies.say(services, repository, said.spot, key, obstacle)
            return
        await replies.react(services, repository, said.spot, "eyes")
        origin = Origin(door="command", principal=principal, key=key, at=said.at, delivery=event.guid, reply=said.spot)
        await go_on(services, spec, task, repository, origin)
