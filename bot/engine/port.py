"""The engine's port: what a workflow may call (:class:`Ctx`) and how tasks are started (:class:`Engine`).

Laws of workflows, enforced by every adapter and shown by ``tests/engine``: clock, randomness, disk and network only
inside steps; step names unique; a step's result is what its return annotation says, written down as JSON; a step may
run twice, because its process may die after its effect and before its checkpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol

from pydantic import Field

from bot.types import ForgehandError, JsonModel, T

TaskState = Literal[
    "queued",
    "running",
    "done",
    "unverified",
    "refused",
    "failed",
    "cancelled",
    "dead",
    "awaiting_approval",
    "awaiting_ci",
]
FINAL_STATES: frozenset[TaskState] = frozenset({"done", "unverified", "refused", "failed", "cancelled", "dead"})


class EngineError(ForgehandError):
    """Root of what the engine itself raises into a workflow."""


class TaskCancelled(EngineError):
    """Somebody asked for the task to stop; ``details``: ``by`` (login)."""


class StepTimeout(EngineError):
    """A step ran longer than its ``timeout``; ``details``: ``step``, ``seconds``."""


class DeadLetter(EngineError):
    """A step was started three times without ever reaching its checkpoint; ``details``: ``step``."""


class WorkflowError(EngineError):
    """A workflow did what replay cannot repeat: a name used twice, a step beside an open one."""


class StepCrashed(EngineError):
    """A step raised something that is not ours: a bug. ``details``: ``kind`` (class name), ``step``."""


class Outcome(JsonModel):
    """How a workflow ended: its state, one sentence for people, and whatever the report needs."""

    state: TaskState
    summary: str
    data: dict[str, Any] = Field(default={})


@dataclass(frozen=True)
class Step(Generic[T]):
    """One call that the engine remembers. ``fn``'s return annotation is the schema of the remembered result.

    ``timeout`` is in seconds and holds for each try; ``retries`` repeats on :class:`bot.types.ForgehandError` (of the
    engine's own only :class:`StepTimeout`) with back-off, or after the seconds its ``retry_after`` detail asks for;
    ``interruptible`` marks model calls and sandbox runs, which a cancel request may stop midway.
    """

    fn: Callable[..., Awaitable[T]]
    args: tuple[Any, ...] = ()
    retries: int = 0
    timeout: float | None = None
    interruptible: bool = False


class Ctx(Protocol):
    """What a workflow may do. Anything that touches clock, randomness, disk or network happens inside a step."""

    @property
    def task_id(self) -> str: ...

    async def step(
        self,
        name: str,
        fn: Callable[..., Awaitable[T]],
        *args: Any,
        retries: int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - a StepTimeout is a result that is remembered
        interruptible: bool = False,
    ) -> T:
        """Run ``fn(*args)`` once and remember the result under ``name``, unique within the workflow."""
        ...

    async def parallel(self, steps: Mapping[str, Step[T]]) -> dict[str, T]:
        """Run several steps side by side, one step a branch; the first error is raised after all have ended."""
        ...


Flow = Callable[[Ctx, Any], Awaitable[Outcome]]


@dataclass(frozen=True)
class FlowSpec:
    """A workflow by name, with the model its JSON argument is read into."""

    name: str
    run: Flow
    argument: type[JsonModel]


@dataclass(frozen=True)
class FlowTable:
    """All workflows by name. The composition root fills it before the engine starts."""

    specs: dict[str, FlowSpec] = field(default_factory=dict)

    def add(self, spec: FlowSpec) -> None:
        if spec.name in self.specs:
            raise WorkflowError(f"Two workflows are called {spec.name}; give one another name.")
        self.specs[spec.name] = spec


class Engine(Protocol):
    """Starts tasks and stops them. The task's row (``fh_task``) exists before :meth:`start` is called."""

    async def start(self, task_id: str, flow: str, argument: JsonModel, *, group: str | None) -> bool:
        """Queue the workflow; False where this ``task_id`` was started before.

        ``group`` is what is written, ``<repository id>@<branch>``: one task of a group runs at a time. None: no group.
        """
        ...

    async def cancel(self, task_id: str, by: str) -> None:
        """Ask the task to stop at its next step; model calls and sandbox runs stop at once."""
        ...

    async def launch(self) -> None:
        """Recover what an earlier process left and begin to take work."""
        ...

    async def close(self, *, drain_seconds: float = 5.0) -> None:
        """Stop taking work; what is unfinished resumes at the next launch."""
        ...
