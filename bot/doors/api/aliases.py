"""Offer tasks at the paths that others chose for them.

A path whose task this version does not have answers 501, with words, until there is one of that name.
"""

from __future__ import annotations

from typing import NamedTuple

from bot.dispatch.registry import Registry
from bot.doors.api.catalogue import asked_for
from bot.doors.api.operation import Operation, Run, make_operation
from bot.doors.api.problems import Problem
from bot.doors.api.starting import start_operation
from bot.doors.api.tasks import read_task


class Alias(NamedTuple):
    """A path and the name of the task that it stands for."""

    path: str
    task: str


ALIASES = (
    Alias("/v1/tasks/fix-bug", "fix"),
    Alias("/v1/tasks/generate-code", "implement"),
    Alias("/ai/generate/code", "implement"),
    Alias("/ai/generate/tests", "test"),
    Alias("/ai/generate/refactor", "refactor"),
    Alias("/ai/analyze/specification", "plan"),
    Alias("/ai/consensus/vote", "vote"),
    Alias("/quality/review", "review"),
    Alias("/quality/test/generate", "test"),
    Alias("/quality/coverage/analyze", "coverage"),
    Alias("/quality/debt/assess", "debt"),
    Alias("/quality/optimize", "optimize"),
    Alias("/evolution/analyze", "assess"),
    Alias("/evolution/suggest", "suggest"),
    Alias("/evolution/migrate", "migrate"),
    Alias("/docs/generate", "docs"),
    Alias("/docs/validate", "validate"),
)


def alias_operations(registry: Registry) -> list[Operation]:
    """Make the operations of all aliases."""
    known = {spec.name: spec for spec in asked_for(registry)}
    status = make_operation(
        "GET", "/v1/tasks/{id}/status", read_task, tag="aliases", scope="read", etag=True, name="read_task_status"
    )
    starts = [
        start_operation(known[alias.task], alias.path, f"The same as `POST /api/v1/tasks/{alias.task}`.")
        if alias.task in known
        else _missing(alias)
        for alias in ALIASES
    ]
    return [status, *starts]


def planned(method: str, path: str, run: Run, *, name: str, why: str) -> Operation:
    """Make the operation of a path that is kept for later; ``run`` refuses."""
    return make_operation(
        method,
        path,
        run,
        tag="planned",
        scope="run",
        statuses=(),
        errors={501: "there is no such thing yet"},
        name=name,
        summary=f"Answers 501: {why[0].lower()}{why[1:]}",
        description="The path is kept for it.",
    )


def _missing(alias: Alias) -> Operation:
    why = f"This version has no task `{alias.task}`."

    async def refuse() -> None:
        raise Problem(f"{why} `GET /api/v1/task-types` lists those it has.", status=501)

    name = f"missing_{alias.path.strip('/').replace('/', '_').replace('-', '_')}"
    return planned("POST", alias.path, refuse, name=name, why=why)
