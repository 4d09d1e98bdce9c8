"""Start a task once more, or go on from one that waits, for whoever asks now."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.dispatch.authorise import record
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import Refusal, StartedTask, begin
from bot.policy import Decision
from bot.store import approvals, tasks
from bot.store.tasks import Task
from bot.types import Repository
from bot.work.origin import Origin, Request
from bot.work.services import Services


class Counted(NamedTuple):
    """An approval that counts, while others are missing; what to say about it."""

    reason: str


FAILED_STATES = frozenset({"failed", "cancelled", "dead", "unverified", "refused"})


def is_stopping(task: Task) -> bool:
    """Return True if the task was asked to stop and has not ended yet."""
    return task.ended is None and task.cancel is not None


def may_repeat(task: Task) -> bool:
    """Return True if the task did not end well, or is being stopped."""
    return task.state in FAILED_STATES or is_stopping(task)


async def restart(
    services: Services, spec: TaskSpec[Any], task: Task, repository: Repository, origin: Origin
) -> StartedTask | Refusal:
    """Start a task again as it was asked for, with an origin of its own."""
    return await begin(services, spec, _renew(spec, task, repository, origin), parent=task.id)


async def go_on(
    services: Services, spec: TaskSpec[Any], task: Task, repository: Repository, origin: Origin
) -> StartedTask | Refusal | Counted:
    """Start the task that goes on from what a waiting one holds.

    Asked again with the same origin, it finds that task. A change that several have to approve waits for the last.
    """
    if task.data.get("waits_for") == approvals.WAITS and (held := await _approve(services, task, origin)):
        return held
    started = await begin(services, spec, _renew(spec, task, repository, origin), parent=task.id)
    if isinstance(started, StartedTask):
        did = "approved it" if task.state == "awaiting_approval" else "answered"
        summary = f"{origin.principal.actor.login} {did}; task `{started.task}` goes on from here."
        await services.store.run(tasks.end_waiting, task.id, "done", summary)
    return started


async def _approve(services: Services, task: Task, origin: Origin) -> Refusal | Counted | None:
    """Count an approval; say why it is not enough, where it is not."""
    actor = origin.principal.actor
    digest = str(task.data.get("digest"))
    people = int(task.data.get("people") or 1)

    def give(connection: sa.Connection) -> tuple[bool, int]:
        given = approvals.give(connection, task.id, digest, actor)
        return given, approvals.count(connection, task.id, digest)

    given, count = await services.store.run(give)
    decision = Decision(given, f"{count} of {people} approved {digest[:12]}.")
    if not given:
        decision = Decision(False, f"@{actor.login} asked for this change, so somebody else has to approve it.")
    repository = Request.model_validate(task.argument).repository
    await record(services, origin.delivery, repository, actor, f"approve {task.flow}", decision)
    if not given:
        return Refusal(decision.reason)
    missing = people - count
    if missing <= 0:
        return None
    return Counted(f"Approved. {missing} more {'has' if missing == 1 else 'have'} to approve it.")


def _renew(spec: TaskSpec[Any], task: Task, repository: Repository, origin: Origin) -> Request[Any]:
    """Return a task's request as if somebody made it now.

    The repository is named as it is now. It is answered where the first one was, and goes where that one went.
    """
    request = spec.request.model_validate(task.argument)
    first = request.origin
    kept = {"reply": first.reply, "outlet": first.outlet, "issue": first.issue}
    new = origin.model_copy(update={**kept, "answers": (*first.answers, *origin.answers)})
    return request.model_copy(update={"repository": repository, "origin": new})
