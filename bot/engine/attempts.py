"""Run one step to its checkpoint: count, watch, time and retry it."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import TypeAdapter

from bot import metrics
from bot.engine import results
from bot.engine.port import (
    DeadLetter,
    DiskFull,
    EngineError,
    Step,
    StepCrashed,
    StepTimeout,
    TaskCancelled,
    TaskWaits,
)
from bot.engine.records import TaskRecords
from bot.store.starts import RunningStep, running
from bot.types import ForgehandError, T

MAX_STARTS = 6  # a step whose process died so often is not tried again
_SHARED_STARTS = (
    2  # so often it may have died for something that ran beside it; from then on one suspect runs at a time
)
MAX_BACKOFF = 60.0  # seconds
_OUTAGE_RETRIES = 7  # two minutes, and the time that the tries take
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_STORED = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}  # of a database beside ours, such as the index's
_USUAL_LIMIT = 3600.0  # seconds that a step without a timeout is expected to take at most
STOP_GRACE = 10.0  # seconds a cancelled step has to clean up before it is abandoned
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CancelWatch:
    """A watch on cancel flags: at once in here, else every ``poll`` seconds."""

    records: TaskRecords
    poll: float = 0.5
    _wakes: dict[str, asyncio.Event] = field(default_factory=dict)

    def wake(self, task_id: str) -> None:
        """Look at the task's flag now."""
        if task_id in self._wakes:
            self._wakes[task_id].set()

    async def wait(self, task_id: str) -> str:
        """Wait until the task's flag is set; return who did what that set it."""
        event = self._wakes.setdefault(task_id, asyncio.Event())
        while True:
            stop = await self.records.find_stop(task_id)
            if stop is not None:
                return stop
            try:
                await asyncio.wait_for(event.wait(), self.poll)
            except TimeoutError:
                continue
            event.clear()

    def forget(self, task_id: str) -> None:
        """Drop what is kept of an ended task."""
        self._wakes.pop(task_id, None)


@dataclass(frozen=True)
class Deadlines:
    """The moments by which the steps that run should have ended."""

    _of: dict[object, float] = field(default_factory=dict)

    @contextmanager
    def hold(self, limit: float | None) -> Iterator[None]:
        """Expect what runs inside to end within ``limit`` seconds."""
        mark = object()
        self._of[mark] = time.monotonic() + (limit or _USUAL_LIMIT) + STOP_GRACE
        try:
            yield
        finally:
            del self._of[mark]

    def count_missed(self) -> int:
        """Count the steps that run for too long."""
        now = time.monotonic()
        return sum(moment < now for moment in list(self._of.values()))


class TaskParked(BaseException):
    """The end of a run whose step waits: nothing of the step is recorded.

    No workflow catches it, or it would take another path than the one that is gone on with.
    """

    def __init__(self, waits: TaskWaits) -> None:
        super().__init__(waits.message)
        self.waits = waits


class _Suspect(Exception):
    """A step whose process died twice.

    It waits until no other such step runs, so that the innocent can finish.
    """


@dataclass
class Attempts:
    """The attempts at one step of a task."""

    records: TaskRecords
    watch: CancelWatch
    suspects: asyncio.Lock  # held by the one suspect step that may run in this process
    task_id: str
    backoff: float  # the first pause before a retry, in seconds; it doubles each time
    deadlines: Deadlines
    _alone: bool = False

    async def run(self, name: str, step: Step[Any], adapter: TypeAdapter[Any]) -> str:
        """Run a step to its end, as text.

        Raise only when the process stops, and :class:`TaskParked`.
        """
        try:
            return await self._run(name, step, adapter)
        except _Suspect:
            await self.suspects.acquire()
            self._alone = True
            return await self._run(name, step, adapter)

    def release(self) -> None:
        """Let the next suspect run: this one's result is stored."""
        if self._alone:
            self._alone = False
            self.suspects.release()

    async def _run(self, name: str, step: Step[Any], adapter: TypeAdapter[Any]) -> str:
        tried = 0
        while True:
            start = await self.records.start_step(self.task_id, name)
            if start.stop is not None:
                return results.write_error(_cancelled_error(start.stop))
            if start.starts > 1:
                metrics.REPLAYS.inc()
            if start.starts > MAX_STARTS:
                died = f"The server's process ended {MAX_STARTS} times while the step {name} ran"
                return results.write_error(DeadLetter(f"{died}, so it is not tried again.", step=name))
            if start.starts > _SHARED_STARTS and not self._alone:
                await self._uncount(name, None)
                raise _Suspect
            try:
                return await self._run_once(name, step, adapter, start.starts)
            except TaskWaits as error:
                raise TaskParked(error) from None
            except ForgehandError as error:
                if tried >= _count_retries(step, error):
                    return results.write_error(error)
                await self._uncount(name, f"{type(error).__name__}: {error.message}")
                by = await self._pause(self._delay(tried, error))
                if by is not None:
                    return results.write_error(_cancelled_error(by))
            except asyncio.CancelledError:
                await self._uncount(name, None)
                raise
            tried += 1

    async def _run_once(self, name: str, step: Step[Any], adapter: TypeAdapter[Any], starts: int) -> str:
        with (
            structlog.contextvars.bound_contextvars(task=self.task_id, step=name),
            self.deadlines.hold(step.timeout),
            running(RunningStep(self.task_id, name, starts)),
        ):
            try:
                value = await self._supervise(name, step)
                return results.write(adapter, value)
            except ForgehandError:
                raise
            except Exception as error:  # it ends its task, never the process
                raise _explain(error, name) from error

    async def _supervise(self, name: str, step: Step[Any]) -> Any:
        body = asyncio.create_task(_call(step))
        watch = asyncio.create_task(self.watch.wait(self.task_id)) if step.interruptible else None
        try:
            waiting = {body} if watch is None else {body, watch}
            await asyncio.wait(waiting, timeout=step.timeout, return_when=asyncio.FIRST_COMPLETED)
            if body.cancelled():  # a bug, as nobody stops the process; it must not leave the task hanging
                raise StepCrashed(f"The step {name} cancelled itself.", step=name, kind="CancelledError")
            if body.done():
                return body.result()
            if watch is not None and watch.done():
                raise _cancelled_error(watch.result())
            raise StepTimeout(f"The step {name} took longer than {step.timeout:g} s.", step=name, seconds=step.timeout)
        finally:
            await _stop(name, body, watch)

    async def _pause(self, seconds: float) -> str | None:
        """Wait, or return who did what that stops the task meanwhile."""
        try:
            return await asyncio.wait_for(self.watch.wait(self.task_id), max(seconds, 0.0))
        except TimeoutError:
            return None

    def _delay(self, tried: int, error: ForgehandError) -> float:
        asked = error.detail("retry_after")
        doubled = min(self.backoff * 2.0**tried, MAX_BACKOFF)
        return max(doubled, float(asked)) if isinstance(asked, int | float) else doubled

    async def _uncount(self, name: str, error: str | None) -> None:
        await asyncio.shield(self.records.end_step(self.task_id, name, error))


def _explain(error: Exception, step: str) -> EngineError:
    """Tell a machine's trouble from a bug, in a log as well."""
    if _finds_no_space(error):
        log.warning("disk full", path=getattr(error, "filename", None), reason=str(error))
        text = f"The server's disk is full: the step {step} could write no file. Free space on it, then ask again."
        return DiskFull(text, step=step)
    log.exception("step crashed")
    return StepCrashed.of(error, f"The step {step}", step=step)


def _finds_no_space(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) in _NOT_STORED
    return isinstance(error, OSError) and error.errno in _NO_SPACE


def _count_retries(step: Step[Any], error: ForgehandError) -> int:
    if error.passing:
        return max(step.retries, _OUTAGE_RETRIES)
    lasting = error.lasting or isinstance(error, EngineError)
    return 0 if lasting and not isinstance(error, StepTimeout) else step.retries


async def _call(step: Step[T]) -> T:
    return await step.fn(*step.args)


async def _stop(name: str, *running: asyncio.Task[Any] | None) -> None:
    unfinished = {task for task in running if task is not None and not task.done()}
    for task in unfinished:
        task.cancel()
    if unfinished:
        _, deaf = await asyncio.wait(unfinished, timeout=STOP_GRACE)
        if deaf:
            log.error("step ignored its cancellation and was abandoned", step=name)


def _cancelled_error(stop: str) -> TaskCancelled:
    return TaskCancelled(f"{stop}.")


Body = Callable[[], Awaitable[str]]
