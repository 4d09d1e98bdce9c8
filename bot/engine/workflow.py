"""Hold the rules of workflows, whatever adapter runs them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import structlog
from pydantic import TypeAdapter

from bot.engine import results
from bot.engine.attempts import Attempts, Body, CancelWatch, Deadlines, TaskParked
from bot.engine.port import DeadLetter, FlowTable, Outcome, Step, StepCrashed, TaskCancelled, WorkflowError
from bot.engine.records import TaskRecords
from bot.types import ForgehandError, JsonModel, T

log = structlog.get_logger(__name__)
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class FlowCall(JsonModel):
    """A task's workflow and argument as JSON, stored to start it again."""

    task_id: str
    flow: str
    argument: dict[str, Any]


class Journal(Protocol):
    """The stored texts of one workflow."""

    def slot(self, name: str) -> Callable[[Body], Awaitable[str]]:
        """Take the next place now, to run a body there or return what it holds."""
        ...

    async def shelve(self) -> None:
        """Keep what is stored for a later run; nothing follows in this one."""
        ...


@dataclass(frozen=True)
class Runtime:
    """The parts all tasks of an engine share; ``backoff`` is in seconds."""

    flows: FlowTable
    records: TaskRecords
    watch: CancelWatch
    backoff: float = 1.0
    suspects: asyncio.Lock = field(default_factory=asyncio.Lock)
    deadlines: Deadlines = field(default_factory=Deadlines)


async def run_task(runtime: Runtime, journal: Journal, call: FlowCall) -> Outcome | None:
    """Run a task once, to its closing step, which runs whatever happens.

    One that has ended is shelved: it may wait, and a process died before it had put it away.
    """
    if not await runtime.records.begin(call.task_id):
        await journal.shelve()
        return None
    try:
        outcome = read_outcome(await run_flow(runtime, journal, call))
    except TaskParked as parked:
        outcome = Outcome(state="awaiting_key", summary=parked.waits.message, data=parked.waits.to_json())
    finally:
        runtime.watch.forget(call.task_id)
    await runtime.records.close(call.task_id, outcome)
    if outcome.state == "awaiting_key":
        await journal.shelve()
    return outcome


async def run_flow(runtime: Runtime, journal: Journal, call: FlowCall) -> str:
    """Run a workflow; return its outcome, or the error it ended with, as text.

    Raises :class:`TaskParked`.
    """
    context = TaskCtx(runtime, journal, call)
    try:
        spec = runtime.flows.specs.get(call.flow)
        if spec is None:
            raise WorkflowError(f"This version has no workflow called {call.flow}.")
        outcome = await spec.run(context, spec.argument.model_validate(call.argument))
        return results.write(_OUTCOME, outcome)
    except ForgehandError as error:
        return results.write_error(error)
    except Exception as error:  # a bug in a workflow ends its task, never the process
        log.exception("workflow crashed", task=call.task_id, flow=call.flow)
        return results.write_error(StepCrashed.of(error, f"The workflow {call.flow}"))
    finally:
        await context.abandon()


def read_outcome(text: str) -> Outcome:
    """Read how a task ended from its workflow's text, an outcome or an error."""
    try:
        return cast(Outcome, results.read(_OUTCOME, text))
    except TaskCancelled as error:
        return Outcome(state="cancelled", summary=error.message, data=error.to_json())
    except DeadLetter as error:
        return Outcome(state="dead", summary=error.message, data=error.to_json())
    except ForgehandError as error:
        return Outcome(state="failed", summary=error.message, data=error.to_json())


@dataclass
class TaskCtx:
    """:class:`bot.engine.port.Ctx` over a journal."""

    runtime: Runtime
    journal: Journal
    call: FlowCall
    _names: set[str] = field(default_factory=set)
    _open: tuple[str, ...] = ()
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _parked: TaskParked | None = None

    @property
    def task_id(self) -> str:
        return self.call.task_id

    async def step(
        self,
        name: str,
        fn: Callable[..., Awaitable[T]],
        *args: Any,
        retries: int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - part of what is remembered: a StepTimeout is a result
        interruptible: bool = False,
    ) -> T:
        step = Step(fn, args, retries, timeout, interruptible)
        return (await self.parallel({name: step}))[name]

    async def parallel(self, steps: Mapping[str, Step[T]]) -> dict[str, T]:
        if not steps:
            return {}
        if self._parked is not None:  # what a workflow tidies up on its way out would take another step's place
            raise self._parked
        adapters = {name: results.make_adapter(step.fn) for name, step in steps.items()}
        with self._open_steps(*steps):
            slots = {name: self.journal.slot(name) for name in steps}
            texts = await self._run_together(
                [self._run_step(slots[name], name, step, adapters[name]) for name, step in steps.items()]
            )
        return {name: results.read(adapters[name], text) for name, text in zip(steps, texts, strict=True)}

    async def abandon(self) -> None:
        """Stop what a workflow that broke a law left running."""
        left = {task for task in self._tasks if not task.done()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _run_together(self, bodies: list[Awaitable[str]]) -> list[str]:
        """Run all bodies to their ends; raise only what stops the task."""
        running = [asyncio.ensure_future(body) for body in bodies]
        self._tasks.update(running)
        try:
            ends = await asyncio.gather(*running, return_exceptions=True)
        finally:
            self._tasks.difference_update(task for task in running if task.done())
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return cast(list[str], ends)

    async def _run_step(
        self, slot: Callable[[Body], Awaitable[str]], name: str, step: Step[Any], adapter: TypeAdapter[Any]
    ) -> str:
        """Run a step until its result is stored.

        Only then may a suspect follow, which could end the process.
        """
        runtime = self.runtime
        attempts = Attempts(
            runtime.records, runtime.watch, runtime.suspects, self.task_id, runtime.backoff, runtime.deadlines
        )
        try:
            return await slot(lambda: attempts.run(name, step, adapter))
        except TaskParked as parked:
            self._parked = parked
            raise
        finally:
            attempts.release()

    @contextmanager
    def _open_steps(self, *names: str) -> Iterator[None]:
        """Let a name be used once, and only siblings run beside an open step."""
        if self._open:
            raise WorkflowError(
                f"{names[0]} was started while {self._open[0]} is open: use ctx.parallel to run steps side by side."
            )
        for name in names:
            if name in self._names:
                raise WorkflowError(f"Two steps of workflow {self.call.flow} are called {name}.")
            self._names.add(name)
        self._open = names
        try:
            yield
        finally:
            self._open = ()
