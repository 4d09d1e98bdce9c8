"""Tell what there is: health, the document, the types of tasks."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bot.dispatch.registry import Registry
from bot.dispatch.spec import TaskSpec
from bot.doors.api.context import Context
from bot.doors.api.operation import Operations, Raw
from bot.doors.api.views import PREFIX
from bot.types import JsonModel
from bot.work.origin import Outlet, SubjectKind

operations = Operations("catalogue")


class Health(JsonModel):
    """The server answers."""

    status: Literal["ok"] = "ok"


class TaskStage(JsonModel):
    """A stage that a task reports."""

    name: str
    title: str


class TaskType(JsonModel):
    """A type of task, as it declares itself."""

    name: str
    summary: str
    details: str
    subjects: tuple[SubjectKind, ...] = Field(description="what it may be asked for")
    writes: str = Field(description="`nothing`, `comments` or `branch`")
    delivers: tuple[Outlet, ...] = Field(description="where what comes of it can go")
    stages: tuple[TaskStage, ...]
    input_schema: dict[str, Any] = Field(description="JSON schema of its own fields in the body")
    url: str = Field(description="path to ask for one")


class TaskTypes(JsonModel):
    """All types of tasks that may be asked for."""

    items: tuple[TaskType, ...]


@operations.add("GET", "/health", scope=None)
async def read_health() -> Health:
    """Say that the server answers.

    `/readyz` says whether everything that it needs is there.
    """
    return Health()


@operations.add("GET", "/openapi.json", scope=None)
async def read_document(context: Context) -> Raw:
    """Return this document."""
    return Raw(context.document())


@operations.add("GET", "/task-types", scope="read", etag=True)
async def list_task_types(context: Context) -> TaskTypes:
    """List the types of tasks."""
    return TaskTypes(items=tuple(_describe(spec) for spec in asked_for(context.registry)))


def asked_for(registry: Registry) -> list[TaskSpec[Any]]:
    """Return the tasks that people may ask for.

    Others are started by events only.
    """
    return [spec for spec in registry if spec.doors.command]


def _describe(spec: TaskSpec[Any]) -> TaskType:
    return TaskType(
        name=spec.name,
        summary=spec.summary,
        details=spec.details,
        subjects=tuple(sorted(spec.subjects)),
        writes=spec.writes,
        delivers=tuple(sorted(spec.outlets)),
        stages=tuple(TaskStage(name=str(name), title=title) for name, title in spec.stages.items()),
        input_schema=spec.input.model_json_schema(),
        url=f"{PREFIX}/tasks/{spec.name}",
    )
