"""Hold all task declarations, and derive what is read from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from bot.dispatch.spec import Shown, TaskSpec
from bot.engine.port import Ctx, FlowSpec, FlowTable, Outcome
from bot.policy import CommandRule, PolicySchema, TaskRules
from bot.work.origin import Request, TaskInput
from bot.work.services import Services


class Registry:
    """All tasks in help's order, and the ``builtins`` that start none."""

    def __init__(self, tasks: Sequence[TaskSpec[Any]], builtins: Mapping[str, CommandRule]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._builtins = dict(builtins)
        names = [*(task.name for task in tasks), *builtins]
        assert len(set(names)) == len(names), f"two tasks or commands have one name: {names}"

    def __iter__(self) -> Iterator[TaskSpec[Any]]:
        return iter(self._tasks.values())

    def extended(self, *tasks: TaskSpec[Any]) -> Registry:
        """Return a registry with more tasks."""
        return Registry((*self, *tasks), self._builtins)

    def get(self, name: str) -> TaskSpec[Any] | None:
        """Return the task of that name."""
        return self._tasks.get(name)

    def show(self, name: str) -> TaskSpec[Any]:
        """Return a stored task's declaration, a plain one for another version's."""
        return self._tasks.get(name) or _unknown(name)

    @cached_property
    def schema(self) -> PolicySchema:
        """Return what a policy file may say."""
        commands = {task.name: task.command_rule for task in self if task.doors.command}
        return PolicySchema(
            sections={
                task.rules.section or task.name: task.rules
                for task in self
                if task.doors.command or task.rules is not TaskRules
            },
            commands=commands | self._builtins,
        )

    @cached_property
    def quick(self) -> frozenset[str]:
        """Return the names of the tasks that wait for no long one."""
        return frozenset(task.name for task in self if task.quick)

    def add_flows(self, table: FlowTable, services: Services) -> None:
        """Add every task's workflow."""
        for task in self:
            run = partial(_run, services, task)
            table.add(FlowSpec(name=task.name, run=run, argument=task.request, quick=task.quick))


async def _run(services: Services, task: TaskSpec[Any], ctx: Ctx, request: Request[Any]) -> Outcome:
    return await task.run(ctx, services, request)


async def _not_here(_ctx: Ctx, _services: Services, _request: Request[Any]) -> Outcome:
    raise LookupError("this version has no such task")


def _unknown(name: str) -> TaskSpec[TaskInput]:
    return TaskSpec(
        name=name,
        summary="",
        details="",
        examples=(),
        input=TaskInput,
        run=_not_here,
        subjects=frozenset(),
        stages={},
        request=Request[TaskInput],
        shown=Shown.COMMENT,
    )
