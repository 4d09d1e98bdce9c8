"""The engine of unit tests: the laws and round trips of the real one, in memory, in this process."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence

from bot.engine.attempts import Body, CancelWatch
from bot.engine.port import FlowTable, Outcome
from bot.engine.records import StoreRecords, TaskRecords
from bot.engine.workflow import FlowCall, Runtime, read_outcome, run_flow, run_task
from bot.store import tasks
from bot.store.starts import StepStart
from bot.store.store import Store
from bot.types import JsonModel

Memory = dict[str, dict[str, str]]


class InlineEngine:
    """An :class:`bot.engine.port.Engine` whose journal is the dict ``memory``: workflow id -> step name -> text.

    A second engine over the same ``memory`` (and records) replays, as a second process would. Without a store the
    records are a :class:`MemoryRecords`, whose ``outcomes`` say how tasks ended.
    """

    def __init__(
        self,
        flows: FlowTable,
        *,
        store: Store | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._store = store
        self.records: TaskRecords = StoreRecords(store) if store is not None else MemoryRecords()
        self.memory: Memory = {} if memory is None else memory
        self._runtime = Runtime(flows, self.records, CancelWatch(self.records, poll=0.1), 0.0)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._groups: defaultdict[str | None, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self, task_id: str, flow: str, argument: JsonModel, *, group: str | None) -> bool:
        if task_id in self._tasks or task_id in self.memory:
            return False
        call = FlowCall(task_id=task_id, flow=flow, argument=argument.model_dump(mode="json"))
        self._tasks[task_id] = asyncio.create_task(self._run(call, group))
        return True

    async def go_on(self, task_id: str, active_key: str | None) -> bool:
        assert self._store is not None
        if not await self._store.run(tasks.reopen, task_id, active_key):
            return False
        row = await self._store.run(tasks.get, task_id)
        assert row is not None
        call = FlowCall(task_id=task_id, flow=row.flow, argument=row.argument)
        self._tasks[task_id] = asyncio.create_task(self._run(call, row.group))
        return True

    async def listen(self, seconds: float) -> None:
        """Who stores rows beside this engine is not heard."""
        await asyncio.sleep(min(seconds, 0.1))

    async def cancel(self, task_id: str, by: str, deed: str = "") -> None:
        await self.records.request_cancel(task_id, by, deed)
        self._runtime.watch.wake(task_id)

    async def forget(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            self.memory.pop(task_id, None)

    async def launch(self) -> None:
        """Nothing is left of an earlier process."""

    async def close(self, *, drain_seconds: float = 5.0) -> None:
        unfinished = {task for task in self._tasks.values() if not task.done()}
        if unfinished:
            await asyncio.wait(unfinished, timeout=drain_seconds)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    async def join(self, task_id: str) -> None:
        """Wait for the end of a started task."""
        await self._tasks[task_id]

    async def run(self, flow: str, argument: JsonModel, *, task_id: str = "task") -> Outcome:
        """Run a workflow to its end, or on from where ``memory`` stops; its outcome, also where it raised."""
        call = FlowCall(task_id=task_id, flow=flow, argument=argument.model_dump(mode="json"))
        outcome = await run_task(self._runtime, self._journal(task_id), call)
        return outcome or read_outcome(await run_flow(self._runtime, self._journal(task_id), call))

    async def _run(self, call: FlowCall, group: str | None) -> None:
        lock = self._groups[group] if group is not None else asyncio.Lock()
        async with lock:
            await run_task(self._runtime, self._journal(call.task_id), call)

    def _journal(self, workflow_id: str) -> _MemoryJournal:
        return _MemoryJournal(self.memory.setdefault(workflow_id, {}))


class _MemoryJournal:
    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def slot(self, name: str) -> Callable[[Body], Awaitable[str]]:
        async def record(body: Body) -> str:
            await asyncio.sleep(0)
            if name not in self._texts:
                self._texts[name] = await body()
            return self._texts[name]

        return record

    async def shelve(self) -> None:
        """All of it stays in memory."""


class MemoryRecords:
    """The records of a test that needs no database."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.retries: list[tuple[str, str]] = []
        self._cancelled: dict[str, str] = {}
        self._starts: Counter[tuple[str, str]] = Counter()

    async def begin(self, task_id: str) -> bool:
        return task_id not in self.outcomes

    async def start_step(self, task_id: str, step: str) -> StepStart:
        if task_id in self._cancelled:
            return StepStart(0, self._cancelled[task_id])
        self._starts[task_id, step] += 1
        return StepStart(self._starts[task_id, step], None)

    async def end_step(self, task_id: str, step: str, error: str | None = None) -> None:
        self._starts[task_id, step] -= 1
        if error is not None:
            self.retries.append((step, error))

    async def find_stop(self, task_id: str) -> str | None:
        return self._cancelled.get(task_id)

    async def request_cancel(self, task_id: str, by: str, deed: str) -> bool:
        stop = f"{by} {deed or 'cancelled the task'}"
        return task_id not in self.outcomes and self._cancelled.setdefault(task_id, stop) == stop

    async def close(self, task_id: str, outcome: Outcome) -> None:
        self.outcomes.setdefault(task_id, outcome)
