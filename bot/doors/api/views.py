"""Show tasks as the API's answers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from bot.doors.api.fields import ArtifactName, Moment, TaskId, maybe_moment, moment
from bot.engine.port import FINAL_STATES, TaskState
from bot.redaction import redact_code
from bot.store import approvals, pages
from bot.store.artifacts import ArtifactKind
from bot.store.reporting import Spending
from bot.store.tasks import Task
from bot.types import JsonModel
from bot.work.results import Ending, Form, Parts, Remark, leave_unmeasured
from bot.work.services import Services

PREFIX = "/api/v1"
Waiting = Literal["answer", "approval", "people", "key"]
_NOTHING = Spending(0, 0)
_ENDED = "Nothing was measured: the task ended as {}."


class Cost(JsonModel):
    """The money that models took."""

    micro_dollars: int = Field(ge=0, description="millionths of `currency`")
    currency: Literal["USD"] = "USD"
    model_calls: int = Field(ge=0)


class Approvals(JsonModel):
    """Count of the people who approved a change, and of who has to."""

    given: int
    needed: int


class TaskView(JsonModel):
    """A task as it stands."""

    id: TaskId
    task: str = Field(description="the name of its type, such as `fix`")
    state: TaskState
    ended: bool = Field(description="whether `state` is final")
    stage: str = Field(description="the stage it reported last, such as `prove`")
    repository: str
    number: int | None = Field(description="issue or pull request, null for the repository as a whole")
    title: str = Field(description="of the issue or pull request as it was asked for; others' words")
    actor: str = Field(description="login of who asked for it")
    door: str = Field(description="how it was asked for: `label`, `command`, `api`, ...")
    parent: TaskId | None = Field(description="the task that it follows")
    cancel_requested_by: str | None
    summary: str = Field(description="one sentence about how it ended")
    waits_for: Waiting | None = Field(
        description="what people have to give: an `answer`, the `approval` of a plan, the approval of a change by "
        "`people` who did not ask for it, or a `key` that can be used"
    )
    approvals: Approvals | None = Field(description="of a change that waits for `people`, else null")
    cost: Cost
    created_at: Moment
    started_at: Moment | None
    ended_at: Moment | None
    url: str = Field(description="path of this task")


class ArtifactView(JsonModel):
    """Something that a task left."""

    name: ArtifactName
    kind: ArtifactKind
    media_type: str
    size: int | None = Field(ge=0, description="bytes, null for the log: it is written as it is fetched")
    cut: bool = Field(description="whether the end of a text that was too long is missing")
    url: str = Field(description="path to fetch it")


class TaskReport(JsonModel):
    """The result of a task that has ended."""

    id: TaskId
    task: str
    state: TaskState
    summary: str
    form: Form | None = Field(description="what it ended in, null for comments and for nothing")
    report: str = Field(description="Markdown for people: the answer, the document, or the evidence")
    remarks: tuple[Remark, ...] = Field(description="what it said on lines, beside the report")
    parts: Parts = Field(description="what ran for each part of a change, and what it found")
    artifacts: tuple[ArtifactView, ...] = Field(description="what it left, to be fetched")
    base_sha: str | None = Field(description="the commit that the change builds on")
    branch: str | None = Field(description="the branch it pushed to")
    pull_request: str | None = Field(description="address of the pull request it opened or changed")
    head_sha: str | None = Field(description="the commit it published")
    cost: Cost
    data: dict[str, Any] = Field(description="what this type of task records; its shape may change between versions")


def cost_of(spent: Spending) -> Cost:
    """Return spending in the API's form."""
    return Cost(micro_dollars=spent.micro_dollars, model_calls=spent.calls)


def load_views(connection: sa.Connection, found: Sequence[Task], services: Services) -> list[TaskView]:
    """Return tasks with their stages and costs."""
    if not found:
        return []
    ids = [task.id for task in found]
    spent = pages.sum_spending(connection, ids)
    stages = pages.find_stages(connection, ids)
    counted = {task.id: _count_approvals(connection, task) for task in found}
    return [
        _view(task, stages.get(task.id, ""), spent.get(task.id, _NOTHING), counted[task.id], services) for task in found
    ]


def make_report(task: Task, spent: Spending, artifacts: Sequence[ArtifactView], services: Services) -> TaskReport:
    """Return what came of a task that has ended."""
    result = clean(services, task.result or {})
    data: dict[str, Any] = result.get("data") or {}
    ending = Ending.model_validate(data)
    return TaskReport(
        id=task.id,
        task=task.flow,
        state=_state(task),
        summary=str(result.get("summary") or ""),
        form=ending.form,
        report=ending.report or "",
        remarks=ending.remarks,
        parts=ending.parts if "parts" in data or task.state == "done" else leave_unmeasured(_ENDED.format(task.state)),
        artifacts=tuple(artifacts),
        base_sha=ending.base_sha,
        branch=_text(data, "branch"),
        pull_request=_text(data, "url"),
        head_sha=_text(data, "head_sha") or _text(data, "sha"),
        cost=cost_of(spent),
        data={key: value for key, value in data.items() if key not in Ending.model_fields},
    )


def clean(services: Services, value: Any) -> Any:
    """Return JSON without credentials in its texts."""
    if isinstance(value, str):
        return redact_code(value, services.settings.secrets)
    if isinstance(value, Mapping):
        return {str(key): clean(services, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(services, inner) for inner in value]
    return value


def has_ended(task: Task) -> bool:
    """Return True if the task's state is final."""
    return task.state in FINAL_STATES


def path_of(task_id: str) -> str:
    """Return the path of a task."""
    return f"{PREFIX}/tasks/{task_id}"


def _view(task: Task, stage: str, spent: Spending, counted: Approvals | None, services: Services) -> TaskView:
    return TaskView(
        id=task.id,
        task=task.flow,
        state=_state(task),
        ended=has_ended(task),
        stage=stage,
        repository=task.repository,
        number=task.number,
        title=clean(services, _find_title(task)),
        actor=task.actor,
        door=task.source,
        parent=task.parent,
        cancel_requested_by=task.cancel,
        summary=clean(services, task.summary),
        waits_for=_tell_waiting(task),
        approvals=counted,
        cost=cost_of(spent),
        created_at=moment(task.created),
        started_at=maybe_moment(task.started),
        ended_at=maybe_moment(task.ended),
        url=path_of(task.id),
    )


def _count_approvals(connection: sa.Connection, task: Task) -> Approvals | None:
    if _tell_waiting(task) != "people":
        return None
    given = approvals.count(connection, task.id, str(task.data.get("digest")))
    return Approvals(given=given, needed=int(task.data.get("people") or 1))


def _find_title(task: Task) -> str:
    subject = task.argument.get("subject") or {}
    return str(subject.get("title") or "")


def _tell_waiting(task: Task) -> Waiting | None:
    if not task.waits:
        return None
    if task.state in ("awaiting_answer", "awaiting_key"):
        return "answer" if task.state == "awaiting_answer" else "key"
    return "people" if task.data.get("waits_for") == approvals.WAITS else "approval"


def _state(task: Task) -> TaskState:
    return task.state  # type: ignore[return-value]  # the engine writes no other


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) and value else None
