"""Keep the engine's own records of tasks, outside the journal of their steps."""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa

from bot import metrics
from bot.engine.port import Outcome
from bot.store import ledger, starts, tasks
from bot.store.starts import StepStart
from bot.store.store import Store


class TaskRecords(Protocol):
    """The records of tasks: running, cancel flag, starts of steps, end."""

    async def begin(self, task_id: str) -> bool:
        """Mark the task as running; return False if it has ended already."""
        ...

    async def start_step(self, task_id: str, step: str) -> StepStart:
        """Count a start before the step's body runs, unless the task is cancelled."""
        ...

    async def end_step(self, task_id: str, step: str, error: str | None = None) -> None:
        """Uncount a start that ended in order (``error``), to be retried."""
        ...

    async def find_stop(self, task_id: str) -> str | None:
        """Return what stops the task ("mara closed the issue"), if anything."""
        ...

    async def request_cancel(self, task_id: str, by: str, deed: str) -> bool:
        """Set the cancel flag; return False if there is nothing to stop."""
        ...

    async def close(self, task_id: str, outcome: Outcome) -> None:
        """Store the task's end; the first one stays."""
        ...


class StoreRecords:
    """The records in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin(self, task_id: str) -> bool:
        return await self._store.run(tasks.begin, task_id)

    async def start_step(self, task_id: str, step: str) -> StepStart:
        return await self._store.run(starts.start_step, task_id, step)

    async def end_step(self, task_id: str, step: str, error: str | None = None) -> None:
        await self._store.run(starts.end_step, task_id, step, error)

    async def find_stop(self, task_id: str) -> str | None:
        return await self._store.run(tasks.find_stop, task_id)

    async def request_cancel(self, task_id: str, by: str, deed: str) -> bool:
        return await self._store.run(tasks.request_cancel, task_id, by, deed)

    async def close(self, task_id: str, outcome: Outcome) -> None:
        if await self._store.run(_close, task_id, outcome):
            metrics.ENDED_TASKS.labels(outcome.state).inc()


def _close(connection: sa.Connection, task_id: str, outcome: Outcome) -> bool:
    ledger.release(connection, task_id)
    return tasks.close(connection, task_id, outcome.state, outcome.model_dump(mode="json"))
