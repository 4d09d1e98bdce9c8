"""Show one task: what it does, what it costs, what is proven, and what may be done."""

from __future__ import annotations

import hashlib
from typing import Literal, TypeVar

from aiohttp import web
from pydantic import Field

from bot.doors.api.deciding import Answers, Approval, answer_task, approve_task
from bot.doors.api.gate import repository_of
from bot.doors.api.operation import Sent
from bot.doors.api.problems import Problem
from bot.doors.api.results import read_artifact
from bot.doors.api.starting import StartHeaders, retry_task
from bot.doors.api.tasks import cancel_task, load_task
from bot.doors.api.views import TaskView, has_ended
from bot.doors.room.live import LiveTask, load_fragments
from bot.doors.room.news import read_place
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.visit import Visit
from bot.store import tasks

pages = Pages("tasks")
_ID = "{id:[0-9a-f]+}"
F = TypeVar("F", bound=Sent)
_OVER = "event: end\ndata:\n\n"


class Again(Sent):
    """The form of an act that starts a task."""

    key: str = Field(pattern="^[!-~]{1,255}$")


class Decision(Again):
    """The form of an answer to a task that waits for approval."""

    answer: Literal["approve", "decline"]


class Reply(Answers, Again):
    """The form of an answer to a task's questions."""


def path_of(task_id: str) -> str:
    """Return the path of a task's page."""
    return f"{PREFIX}/tasks/{task_id}"


@pages.add("GET", f"/tasks/{_ID}", access="reader", title="Task")
async def show_task(visit: Visit) -> Answer:
    """Show a task as it stands."""
    return await _show(visit)


@pages.add("GET", f"/tasks/{_ID}/live", access="reader", title="Task, live")
async def follow_task(visit: Visit) -> Answer:
    """Send the parts of a task's page that change."""
    context = visit.context
    task = await load_task(context, visit.caller, visit.part("id"))
    after = read_place(visit)
    if has_ended(task) and not task.waits:
        left = await context.services.store.read(tasks.list_events, task.id, after, 1)
        if not left:
            return web.Response(text=_OVER, content_type="text/event-stream")
    return await LiveTask(context, visit.caller, after, task, visit).send(visit.request)


@pages.add("GET", f"/tasks/{_ID}/files/{{name}}", access="reader", title="File")
async def send_file(visit: Visit) -> Answer:
    """Send something that a task left, to be saved."""
    download = await visit.ask(read_artifact, id=visit.part("id"), name=visit.part("name"))
    sent: web.StreamResponse = await download.send(visit.request)
    return sent


@pages.add("POST", f"/tasks/{_ID}/cancel", access="stopper", title="Cancel")
async def stop_task(visit: Visit) -> Answer:
    """Stop a task."""
    reply = await visit.ask(cancel_task, id=visit.part("id"))
    stopped = "The task is being stopped." if reply.status == 202 else "The task had ended, or is being stopped."
    return Moved(path_of(visit.part("id")), stopped)


@pages.add("POST", f"/tasks/{_ID}/retry", access="writer", title="Try again")
async def repeat_task(visit: Visit) -> Answer:
    """Start a task once more that did not end well."""
    task_id = visit.part("id")
    form = await _read(visit, Again, "retry")
    try:
        reply = await visit.ask(retry_task, id=task_id, headers=make_headers(form.key))
    except Problem as problem:
        return _tell(task_id, problem)
    return Moved(path_of(reply.body.id), "It was started once more: this is the new task.")


@pages.add("POST", f"/tasks/{_ID}/approval", access="writer", title="Approve or decline")
async def decide_task(visit: Visit) -> Answer:
    """Answer a task that waits for approval."""
    task_id = visit.part("id")
    form = await _read(visit, Decision, "approve")
    body, headers = Approval(answer=form.answer), make_headers(form.key)
    try:
        reply = await visit.ask(approve_task, id=task_id, headers=headers, body=body)
    except Problem as problem:
        return _tell(task_id, problem)
    view: TaskView = reply.body
    if form.answer == "decline":
        return Moved(path_of(task_id), "It was declined, and waits no longer.")
    if view.approvals is not None:
        told = f"Your approval counts: {view.approvals.given} of {view.approvals.needed} approved it."
        return Moved(path_of(task_id), told)
    return Moved(path_of(view.id), "Approved. This is the task that goes on from there.")


@pages.add("POST", f"/tasks/{_ID}/answer", access="writer", title="Answer")
async def reply_to_task(visit: Visit) -> Answer:
    """Answer the questions of a task."""
    task_id = visit.part("id")
    form = await _read(visit, Reply, "")
    # Another text is another request: what was refused can be said otherwise.
    key = hashlib.sha256(f"{form.key} {form.text}".encode()).hexdigest()
    try:
        reply = await visit.ask(answer_task, id=task_id, headers=make_headers(key), body=Answers(text=form.text))
    except Problem as problem:
        if problem.status != 409:
            raise
        return await _show(visit, problem=problem.message, kept=form.text, status=409)
    return Moved(path_of(reply.body.id), "Answered. This is the task that goes on from there.")


async def _show(visit: Visit, *, problem: str = "", kept: str = "", status: int = 200) -> Shown:
    """Show a task.

    ``kept`` is an answer of which nothing came, and ``problem`` says why.
    """
    fragments = await load_fragments(visit, visit.part("id"))
    view = fragments.story.task
    live = not problem and (not view.ended or view.waits_for is not None)
    values = {"story": fragments.story, "fragments": fragments.render(visit), "live": live}
    return Shown("task.html", status=status, problem=problem, kept=kept, **values)


def make_headers(key: str) -> StartHeaders:
    """Return the headers that an act of the API has."""
    return StartHeaders.model_validate({"Idempotency-Key": key})


async def _read(visit: Visit, model: type[F], command: str) -> F:
    """Read an act's form, and tell only who may act what is wrong with it.

    ``command`` "": whoever may start the task may do it.
    """
    try:
        return await visit.read_form(model)
    except Problem:
        visit.caller.check_scope("run")
        context = visit.context
        task = await load_task(context, visit.caller, visit.part("id"))
        action = f"{command or 'answer'} {task.flow}"
        admission = await context.gate.admit(visit.caller, repository_of(task).full_name, action)
        policy, _ = await context.services.policies.load_or_default(admission.repository)
        await context.gate.decide(visit.caller, command or task.flow, admission, policy, action)
        raise


def _tell(task_id: str, problem: Problem) -> Moved:
    """Say on the task's page why nothing came of an act that was allowed."""
    if problem.status != 409:
        raise problem
    return Moved(path_of(task_id), problem.message)
