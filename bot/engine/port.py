"""The engine's port: what a workflow may call (:class:`Ctx`) and how tasks are started (:class:`Engine`).

Laws of workflows, enforced by every adapter and shown by ``tests/engine``: clock, randomness, disk and network only
inside steps; step names unique; a step's result is what its return annotation says, written down as JSON; a step may
run twice, because its process may die after its effect and before its checkpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, get_args

from pydantic import Field

from bot.types import ForgehandError, JsonModel, JsonScalar, T

TaskState = Literal[
    "queued",
    "running",
    "done",
    "unverified",
    "refused",
    "failed",
    "cancelled",
    "dead",
    "awaiting_answer",
    "awaiting_approval",
    "awaiting_key",
]
"""A task never waits for people: it ends in a state ``awaiting_...``, and another one goes on from there.

One that waits for a key goes on itself, at the step that found none.
"""
FINAL_STATES: frozenset[TaskState] = frozenset(get_args(TaskState)) - {"queued", "running"}


class EngineError(ForgehandError):
    """Root of what the engine itself raises into a workflow."""


class TaskCancelled(EngineError):
    """Somebody asked for the task to stop, or did what stops it."""


class TaskWaits(EngineError):
    """No key can be used; the task waits, and its step is tried again later.

    ``details``: ``models``, of which one has to be askable with a key, a line each; ``until``, epoch seconds before
    which it is no use to look.
    """


class StepTimeout(EngineError):
    """A step ran longer than its ``timeout``; ``details``: step, seconds."""


class DeadLetter(EngineError):
    """A step killed its process too often; ``details``: ``step``."""


class WorkflowError(EngineError):
    """A workflow did what replay cannot repeat, e.g. used a name twice."""


class StepCrashed(EngineError):
    """A bug: a step raised none of our errors; details: ``kind``, ``step``."""

    @classmethod
    def of(cls, error: Exception, what: str, **details: JsonScalar) -> StepCrashed:
        """Make the error from a stranger's exception.

        Its text is left out: it may name hosts and folders of this server, and the message is posted.
        """
        kind = type(error).__name__
        text = f"{what} failed because of a bug in Forgehand ({kind}); the server's log has the details."
        return cls(text, kind=kind, **details)


class DiskFull(EngineError):
    """A step could not write a file; details: ``step``."""

    passing = True


class Outcome(JsonModel):
    """The end of a workflow: state, one sentence for people, data."""

    state: TaskState
    summary: str
    data: dict[str, Any] = Field(default={})


@dataclass(frozen=True)
class Step(Generic[T]):
    """A call whose result the engine stores."""

    fn: Callable[..., Awaitable[T]]  # its return annotation is the schema of the result
    args: tuple[Any, ...] = ()
    retries: int = 0  # on our errors (of the engine's only StepTimeout), with back-off or after ``retry_after``
    timeout: float | None = None  # of each try, in seconds
    interruptible: bool = False  # a cancel request may stop it midway: model calls and sandbox runs


class Ctx(Protocol):
    """The context of a workflow, whose steps alone touch the outside."""

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
        """Run ``fn(*args)`` once and store its result under a unique ``name``."""
        ...

    async def parallel(self, steps: Mapping[str, Step[T]]) -> dict[str, T]:
        """Run steps side by side; raise the first error once all have ended."""
        ...


Flow = Callable[[Ctx, Any], Awaitable[Outcome]]


@dataclass(frozen=True)
class FlowSpec:
    """A workflow by name, with the model its JSON argument is read into.

    A ``quick`` one never waits for others.
    """

    name: str
    run: Flow
    argument: type[JsonModel]
    quick: bool = False


@dataclass(frozen=True)
class FlowTable:
    """The workflows by name, filled before the engine starts."""

    specs: dict[str, FlowSpec] = field(default_factory=dict)

    def add(self, spec: FlowSpec) -> None:
        """Add a workflow; raises :class:`WorkflowError` if its name is taken."""
        if spec.name in self.specs:
            raise WorkflowError(f"Two workflows are called {spec.name}; rename one.")
        self.specs[spec.name] = spec


class Engine(Protocol):
    """A runner of tasks whose row (``fh_task``) exists before they start."""

    async def start(self, task_id: str, flow: str, argument: JsonModel, *, group: str | None) -> bool:
        """Let the workflow wait for its turn; return False if it did before.

        Repositories take turns. ``group`` is what is written, ``<repository id>@<branch>``: one task of a group runs at
        a time. None: no group.
        """
        ...

    async def listen(self, seconds: float) -> None:
        """Wait until a task was queued by whatever process, at most so long."""
        ...

    async def go_on(self, task_id: str, active_key: str | None) -> bool:
        """Let a task that waits for a key go on where it stopped, in its turn.

        Return False if it does not wait, or another holds its key now.
        """
        ...

    async def cancel(self, task_id: str, by: str, deed: str = "") -> None:
        """Ask the task to stop at its next step, models and sandboxes at once.

        It will say that ``by`` did ``deed`` ("closed the issue"), or else that ``by`` cancelled it. One that has ended
        and waits for people waits no longer.
        """
        ...

    async def forget(self, task_ids: Sequence[str]) -> None:
        """Delete what is recorded of tasks that have ended."""
        ...

    async def launch(self) -> None:
        """Recover what an earlier process left and begin to take work."""
        ...

    async def close(self, *, drain_seconds: float = 5.0) -> None:
        """Stop beginning steps; unfinished work resumes at the next launch.

        Steps that run have ``drain_seconds`` to end.
        """
        ...
