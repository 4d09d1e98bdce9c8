"""Start tasks: one operation for each type, made from its declaration."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from bot.dispatch.again import may_repeat, restart
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import Refusal, StartedTask, begin
from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import CommentId, IdempotencyKey, Number, RepositoryName, TaskId
from bot.doors.api.gate import Admission, repository_of
from bot.doors.api.operation import Operation, Operations, Reply, Sent, make_operation
from bot.doors.api.problems import Problem
from bot.doors.api.subjects import About, choose_outlet, describe, read_subject
from bot.doors.api.tasks import load_task
from bot.doors.api.views import TaskView, load_views, path_of
from bot.doors.comments.commands import MAX_TEXT
from bot.github.resources.reply_targets import ReplyTarget
from bot.store import requests, tasks
from bot.work.origin import Door, Origin, Request, TaskInput

operations = Operations("tasks")
_KEY_TAKEN = "the key was used for another request"
STARTED = (202, 200)
CONFLICTS = {
    404: "there is no such issue, pull request or task",
    409: f"it makes no sense for what it is asked for, the repository's policy file is wrong, or {_KEY_TAKEN}",
}
_DELIVER = (
    "where what comes of it goes: as after a command (`github`, which holds where there is a `number`), to a branch "
    "without a pull request (`branch`), or to the task's result alone (`result`); only the first tells people on GitHub"
)
Begin = Callable[[Origin], Awaitable[StartedTask | Refusal]]


class StartHeaders(IdempotencyKey):
    """The headers of what starts a task."""

    door: Literal["api", "terminal"] = Field(
        default="api", alias="Forgehand-Door", description="who asks: a program, or a person at a terminal"
    )


def make_body(spec: TaskSpec[Any]) -> type[Sent]:
    """Make the model of the body that asks for a task.

    Its own fields stand beside ``repository`` and what says what it is about and where the result goes.
    """
    fields: dict[str, Any] = {"repository": (RepositoryName, ...)}
    if spec.subjects - {"repository"}:
        fields["number"] = (Number | None, None) if "repository" in spec.subjects else (Number, ...)
    if "thread" in spec.subjects:
        fields["thread"] = (CommentId | None, None)
    if len(spec.outlets) > 1:
        outlets = Literal[tuple(sorted(spec.outlets))]  # type: ignore[valid-type]  # made of the declaration
        fields["deliver"] = (Annotated[outlets | None, Field(description=_DELIVER)], None)
    for name, field in spec.input.model_fields.items():
        assert name not in fields, f"{spec.name}: {name} is a field that every body has"
        kind: Any = field.annotation
        if kind is str:  # with the bounds that commands have
            kind = Annotated[str, Field(min_length=int(field.is_required()), max_length=MAX_TEXT)]
        fields[name] = (kind, field)
    return create_model(f"{spec.name.title().replace('-', '')}Body", __base__=Sent, __doc__=None, **fields)


def start_operation(spec: TaskSpec[Any], path: str = "", note: str = "") -> Operation:
    """Make the operation that asks for a task, at its own path or another."""

    async def start(context: Context, caller: Caller, headers: StartHeaders, body: Sent) -> Reply[TaskView]:
        return await _start(context, caller, headers, spec, body)

    name = f"start_{spec.name.replace('-', '_')}"
    alias = path.strip("/").replace("/", "_").replace("-", "_")
    return make_operation(
        "POST",
        path or f"/v1/tasks/{spec.name}",
        start,
        tag="aliases" if path else operations.tag,
        scope="run",
        statuses=STARTED,
        errors=CONFLICTS,
        body=make_body(spec),
        name=f"{name}_as_{alias}" if path else name,
        summary=spec.summary,
        description=note or spec.details,
    )


@operations.add("POST", "/tasks/{id}/retry", scope="run", statuses=STARTED, errors=CONFLICTS)
async def retry_task(context: Context, caller: Caller, headers: StartHeaders, id: TaskId) -> Reply[TaskView]:
    """Start a task once more that did not end well.

    It does what was asked then, on the code as it is now, as the command `/retry` does.
    """
    services = context.services
    task = await load_task(context, caller, id)
    admission = await context.gate.admit(caller, repository_of(task).full_name, "retry")
    asked = {"retry": f"retry {task.flow}", task.flow: f"start {task.flow}"}
    await authorise_all(context, caller, admission, asked)
    spec = context.registry.get(task.flow)
    if spec is None:
        raise Problem(f"This version knows no task `{task.flow}`.", status=409)

    async def go(origin: Origin) -> StartedTask | Refusal:
        if not may_repeat(task):
            raise Problem(f"Only a task that ended badly can be retried; this one is {task.state}.", status=409)
        if task.number is not None:
            await read_subject(services, spec, admission.repository, About(task.number))
        return await restart(services, spec, task, admission.repository, origin)

    return await start_once(context, caller, admission, headers, f"retry {id}", go)


async def _start(
    context: Context, caller: Caller, headers: StartHeaders, spec: TaskSpec[Any], body: Any
) -> Reply[TaskView]:
    """Start a task as a command would, once for each idempotency key."""
    admission = await context.gate.admit(caller, body.repository, f"start {spec.name}")
    return await start_admitted(context, caller, admission, headers, spec, body)


async def start_admitted(
    context: Context, caller: Caller, admission: Admission, headers: StartHeaders, spec: TaskSpec[Any], body: Any
) -> Reply[TaskView]:
    """Start a task in a repository that the caller may read.

    Raises :class:`Problem` where it may not start it, or where that makes no sense.
    """
    services = context.services
    await authorise_all(context, caller, admission, {spec.name: f"start {spec.name}"})
    about = About(getattr(body, "number", None), getattr(body, "thread", None))
    outlet = choose_outlet(spec, about.number, getattr(body, "deliver", None))

    async def go(origin: Origin) -> StartedTask | Refusal:
        given: TaskInput = spec.input.model_validate(body.model_dump(include=set(spec.input.model_fields)))
        subject = describe(spec, about, given)
        spot: ReplyTarget | None = None
        if about.number is not None:
            subject, spot = await read_subject(services, spec, admission.repository, about)
        request: Request[Any] = spec.request(
            repository=admission.repository,
            subject=subject,
            origin=origin.model_copy(update={"outlet": outlet, "reply": spot}),
            input=given,
        )
        return await begin(services, spec, request)

    asked = f"{spec.name} {admission.repository.id} {body.model_dump_json(exclude={'repository'})}"
    return await start_once(context, caller, admission, headers, asked, go)


async def start_once(
    context: Context, caller: Caller, admission: Admission, headers: StartHeaders, asked: str, go: Begin
) -> Reply[TaskView]:
    """Start what is asked for unless this key has led to a task before.

    ``asked`` is the request in a canonical form. Two requests at once start the same task, because its id is made of
    the key.
    """
    services = context.services
    digest = hashlib.sha256(asked.encode()).hexdigest()
    key = headers.idempotency_key
    use = await services.store.run(lambda connection: requests.claim(connection, caller.id, key, digest))
    if use.digest != digest:
        raise Problem(f"Use a new Idempotency-Key: {_KEY_TAKEN}.", status=409)
    if use.task is not None:
        return await _answer(context, StartedTask(use.task, created=False))
    # Callers do not know their secret, so nobody can aim at the id of somebody else's task.
    name = hashlib.sha256(f"{caller.id} {caller.secret} {key}".encode()).hexdigest()[:24]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(services.github.now()))
    door: Door = headers.door if caller.door == "api" else caller.door
    started = await go(Origin(door=door, principal=admission.principal, key=name, at=at, delivery=f"{door}-{name}"))
    if isinstance(started, Refusal):
        raise Problem(started.reason, status=409)
    await services.store.run(lambda connection: requests.settle(connection, caller.id, key, started.task))
    return await _answer(context, started)


async def _answer(context: Context, started: StartedTask) -> Reply[TaskView]:
    services = context.services
    task = await services.store.run(lambda connection: tasks.get(connection, started.task))
    assert task is not None, "a task that was started has a row"
    (view,) = await services.store.run(lambda connection: load_views(connection, [task], services))
    return Reply(view, 202 if started.created else 200, {"Location": path_of(task.id)})


async def authorise_all(context: Context, caller: Caller, admission: Admission, asked: Mapping[str, str]) -> None:
    """Raise :class:`Problem` unless the caller may use all these commands."""
    # Whoever may not is not told what is wrong with the repository's policy file.
    policy, fault = await context.services.policies.load_or_default(admission.repository)
    for name, action in asked.items():
        await context.gate.decide(caller, name, admission, policy, action)
    if fault is not None:
        raise Problem(f"The repository's configuration is invalid. {fault}", status=409)
