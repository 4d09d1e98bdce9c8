"""Count the starts of steps, and stop those that another process has started anew.

A process that was frozen is taken for dead, and its work is resumed elsewhere. When it thaws it is in the midst of a
step that is no longer its own, of which the engine tells it only at the step's end. Before it buys or writes anything
it looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.tables import attempt, task
from bot.store.tasks import add_event, find_stop
from bot.store.upsert import insert
from bot.types import ForgehandError


class StepTakenOver(ForgehandError):
    """A step that another process has started since; details: ``step``."""

    lasting = True


class StepStart(NamedTuple):
    """Starts of a step without an end, this one included; 0 if cancelled."""

    starts: int
    stop: str | None  # who did what that stops the task


class RunningStep(NamedTuple):
    """A step that runs, and which of its starts this is."""

    task: str
    step: str
    starts: int


_running: ContextVar[RunningStep | None] = ContextVar("running", default=None)


@contextmanager
def running(step: RunningStep) -> Iterator[None]:
    """Say that what runs inside, and what it begins, belongs to this start."""
    token = _running.set(step)
    try:
        yield
    finally:
        _running.reset(token)


def find_running() -> RunningStep | None:
    """Return the step that the caller belongs to, if any."""
    return _running.get()


def check_owned(connection: sa.Connection, step: RunningStep | None) -> None:
    """Raise :class:`StepTakenOver` unless this is the step's newest start.

    It is not where the task has ended either.
    """
    if step is None:
        return
    started = sa.and_(attempt.c.task == task.c.id, attempt.c.step == step.step)
    counts = sa.select(attempt.c.count).select_from(task.outerjoin(attempt, started)).where(task.c.id == step.task)
    if any(count is None or count > step.starts for count in connection.execute(counts).scalars()):
        raise StepTakenOver(f"Another process goes on with the step {step.step}.", step=step.step)


def start_step(connection: sa.Connection, task_id: str, step: str) -> StepStart:
    """Count one more start of a step, durably, unless it is cancelled."""
    stop = find_stop(connection, task_id)
    if stop is not None:
        return StepStart(0, stop)
    statement = insert(connection, attempt).values(task=task_id, step=step, count=1)
    counted = statement.on_conflict_do_update(
        index_elements=[attempt.c.task, attempt.c.step], set_={"count": attempt.c.count + 1}
    ).returning(attempt.c.count)
    return StepStart(connection.execute(counted).scalar_one(), None)


def end_step(connection: sa.Connection, task_id: str, step: str, error: str | None = None) -> None:
    """Uncount a start without a checkpoint; tell ``error`` as ``retry``."""
    query = sa.update(attempt).where(attempt.c.task == task_id, attempt.c.step == step, attempt.c.count > 0)
    connection.execute(query.values(count=attempt.c.count - 1))
    if error is not None:
        add_event(connection, task_id, "retry", {"step": step, "error": error})
