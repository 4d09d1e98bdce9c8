"""Decide about tasks that wait for people: approve, decline, answer their questions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bot.dispatch.again import Counted, go_on
from bot.dispatch.answering import hold_questions
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import Refusal, StartedTask
from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import TaskId
from bot.doors.api.gate import Admission, repository_of
from bot.doors.api.operation import Operations, Reply, Sent
from bot.doors.api.problems import Problem
from bot.doors.api.starting import CONFLICTS, STARTED, StartHeaders, authorise_all, start_once
from bot.doors.api.tasks import load_task
from bot.doors.api.views import TaskView, clean
from bot.github.api.scopes import COMMENT
from bot.github.resources import issues
from bot.github.text.markers import Marker
from bot.markdown import quoted
from bot.store.tasks import Task
from bot.work.locked import unless_locked
from bot.work.origin import Answer, Origin, Request
from bot.work.services import Services

operations = Operations("tasks")
_LONGEST = 4_000  # characters of an answer, as of a comment that is read


class Approval(Sent):
    """An answer to a task that waits for approval."""

    answer: Literal["approve", "decline"]


class Answers(Sent):
    """An answer to the questions of a task."""

    text: str = Field(min_length=1, max_length=_LONGEST, pattern=r"\S", description="as a comment would have it")


@operations.add("POST", "/tasks/{id}/approval", scope="run", statuses=STARTED, errors=CONFLICTS)
async def approve_task(
    context: Context, caller: Caller, headers: StartHeaders, body: Approval, id: TaskId
) -> Reply[TaskView]:
    """Answer a task that waits for approval.

    `approve` starts the task that goes on from there, as the command `/approve` does; `decline` ends the waiting. Where
    several people have to approve, the answer is the task itself until the last of them has: it still waits, and its
    `approvals` say for how many.
    """
    services = context.services
    task = await load_task(context, caller, id)
    admission = await context.gate.admit(caller, repository_of(task).full_name, "approve")
    asked = {"approve": f"{body.answer} {task.flow}", task.flow: f"start {task.flow}"}
    await authorise_all(context, caller, admission, asked)
    spec = _find_spec(context, task)

    async def go(origin: Origin) -> StartedTask | Refusal:
        if task.state != "awaiting_approval":
            raise Problem(f"Only a task that waits for approval can be approved; this one is {task.state}.", status=409)
        if body.answer == "approve":
            came = await go_on(services, spec, task, admission.repository, origin)
            return StartedTask(task.id, created=False) if isinstance(came, Counted) else came
        await services.engine.cancel(task.id, caller.actor.login)
        return StartedTask(task.id, created=False)

    return await start_once(context, caller, admission, headers, f"{body.answer} {id}", go)


@operations.add("POST", "/tasks/{id}/answer", scope="run", statuses=STARTED, errors=CONFLICTS)
async def answer_task(
    context: Context, caller: Caller, headers: StartHeaders, body: Answers, id: TaskId
) -> Reply[TaskView]:
    """Answer the questions of a task.

    It starts the task that goes on from there, as a comment below the questions does. The answer is posted there too,
    unless the task writes nothing on GitHub. Of two who answer at once the first counts; the other gets an error.
    """
    task = await load_task(context, caller, id)
    admission = await context.gate.admit(caller, repository_of(task).full_name, f"answer {task.flow}")
    await authorise_all(context, caller, admission, {task.flow: f"answer {task.flow}"})
    spec = _find_spec(context, task)

    async def go(origin: Origin) -> StartedTask | Refusal:
        answer = Answer(login=caller.actor.login, text=body.text)
        async with hold_questions(context.services, task.id, origin.key) as obstacle:
            if obstacle:
                raise Problem(str(clean(context.services, obstacle)), status=409)
            await _post(context.services, admission, task, answer, origin.key)
            came = await go_on(
                context.services, spec, task, admission.repository, origin.model_copy(update={"answers": (answer,)})
            )
        assert not isinstance(came, Counted), "answers are not counted"
        return came

    return await start_once(context, caller, admission, headers, f"answer {id} {body.text}", go)


def _find_spec(context: Context, task: Task) -> TaskSpec[Any]:
    spec = context.registry.get(task.flow)
    if spec is None:
        raise Problem(f"This version knows no task `{task.flow}`.", status=409)
    return spec


async def _post(services: Services, admission: Admission, task: Task, answer: Answer, key: str) -> None:
    """Show below the questions what was answered elsewhere, once per key."""
    request: Request[Any] = Request.model_validate(task.argument)
    if request.quiet or request.subject.number is None:
        return
    github = await services.github.for_repository(admission.repository, COMMENT)
    bot = await services.github.bot()
    text = services.outgoing(f"@{answer.login} answered in the control room:\n\n{quoted(answer.text)}")
    marker = Marker(task=task.id, part=f"answered-{key}")
    with unless_locked("answer"):
        await issues.ensure_comment(
            github, admission.repository, request.subject.number, text, marker=marker, bot_id=bot.id
        )
