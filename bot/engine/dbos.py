"""Run workflows on dbos. Its singletons are touched in this module only.

https://docs.dbos.dev/python/reference/dbos-class
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
import structlog

from bot import metrics
from bot.engine import dbos_setup, failover
from bot.engine.attempts import STOP_GRACE, Body, CancelWatch
from bot.engine.dbos_setup import QUEUES
from bot.engine.failover import Heartbeat
from bot.engine.port import EngineError, FlowTable, Outcome, WorkflowError
from bot.engine.queues import CHANNEL, QueueWorkers
from bot.engine.records import StoreRecords
from bot.engine.workflow import FlowCall, Runtime, run_task
from bot.store import tasks, turns
from bot.store.database import create_engine, now_ms
from bot.store.ear import Ear, notify
from bot.store.store import Store
from bot.store.turns import Lane
from bot.types import JsonModel

if TYPE_CHECKING:
    from dbos import DBOSConfig, StepReservation, WorkflowStatus

DAY_SECONDS = 24 * 3600
_LEAVE_SECONDS = 2.0
_MISSED = 6  # beats
_SHELVED = "CANCELLED"  # dbos's word; what somebody cancels ends in our records, not here
_AGAIN_SECONDS = 0.25  # between looks while another process may have taken what was let in here
# after its launch dbos puts back into their queues what was running, in a thread
_RECOVERY_SECONDS = (0.2, 1.0, 5.0)
CHUNK = 500  # workflows a query: bounds memory and the length of one statement
Workflow = Callable[[str], Coroutine[Any, Any, Any]]
log = structlog.get_logger(__name__)


class DbosEngine:
    """An :class:`bot.engine.port.Engine` on dbos, in the store's database.

    One may be launched in a process at a time. ``workers`` tasks of each lane run at once, and repositories take turns;
    with none it only queues them, for other processes. SQLite belongs to one process, under a fixed executor
    id. On PostgreSQL each process has its own id and beats every ``heartbeat_seconds``; after six missed beats another
    takes its work, after two where its connection has ended too. Finished workflows are deleted after ``keep_days``.
    """

    _launched: ClassVar[bool] = False

    def __init__(
        self,
        store: Store,
        flows: FlowTable,
        *,
        workers: int = 4,
        executor_id: str | None = None,
        heartbeat_seconds: float = 5.0,
        keep_days: float = 30.0,
        backoff: float = 1.0,
    ) -> None:
        self._store = store
        self._shared = store.engine.dialect.name != "sqlite"
        self.executor = executor_id or (dbos_setup.make_executor_id() if self._shared else "forgehand")
        self._heart = Heartbeat(self.executor, _MISSED * heartbeat_seconds)
        self._beat_seconds = heartbeat_seconds
        self._keep = timedelta(days=keep_days)
        self._workers = workers
        records = StoreRecords(store)
        self._runtime = Runtime(flows, records, CancelWatch(records), backoff)
        metrics.OVERDUE_STEPS.set_function(self._runtime.deadlines.count_missed)
        self._running: dict[asyncio.Task[Any], str] = {}
        self._unattended: set[str] = set()
        self._queues = QueueWorkers()
        self._turn = asyncio.Event()
        self._admitted: dict[Lane, set[str]] = {lane: set() for lane in QUEUES}
        self._stirred = asyncio.Event()
        self._ear: Ear | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._lock: IO[str] | None = None
        self._closing = False
        self._database: sa.Engine | None = None
        self._task_workflow: Workflow

    async def start(self, task_id: str, flow: str, argument: JsonModel, *, group: str | None) -> bool:
        if not await self._store.run(_line_up, task_id, group):
            return False
        await self._tell_queued()
        return True

    async def go_on(self, task_id: str, active_key: str | None) -> bool:
        if not await self._store.run(tasks.reopen, task_id, active_key):
            return False
        await self._tell_queued()
        return True

    async def cancel(self, task_id: str, by: str, deed: str = "") -> None:
        await self._runtime.records.request_cancel(task_id, by, deed)
        self._runtime.watch.wake(task_id)

    async def forget(self, task_ids: Sequence[str]) -> None:
        from dbos import DBOS

        await DBOS.delete_workflows_async(list(task_ids))

    async def listen(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        self._stirred.clear()

    @property
    def alive(self) -> bool:
        """Return True while it takes work and looks after what runs."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops) and not self._closing

    @property
    def find_dead(self) -> Callable[[sa.Connection, Collection[str]], set[str]] | None:
        """Return what tells the dead among other processes, if there are others."""
        return self._heart.dead if self._shared else None

    async def launch(self) -> None:
        if DbosEngine._launched:
            raise EngineError("This process has already launched an engine: close it first.")
        self._lock = None if self._shared else dbos_setup.lock_database(self._store.engine)
        DbosEngine._launched = True
        self._closing = False
        try:
            await self._open()
        except BaseException:
            await self.close(drain_seconds=0)
            raise

    async def close(self, *, drain_seconds: float = 5.0) -> None:
        if not DbosEngine._launched:
            return
        self._closing = True
        try:
            if self._running:
                await asyncio.wait(self._running, timeout=drain_seconds)
            await self._shut()
            if self._shared:
                with suppress(TimeoutError):  # its silence tells the others as well
                    async with asyncio.timeout(_LEAVE_SECONDS):
                        await self._store.run(self._heart.leave)
        finally:
            if self._database is not None:
                self._database.dispose()
            if self._lock is not None:
                self._lock.close()
            DbosEngine._launched = False

    async def _open(self) -> None:
        from dbos import DBOS

        if self._shared:  # not by Store.run: who starts does not wait for a database that is away
            await asyncio.to_thread(self._store.run_sync, self._heart.beat)
        dbos_setup.route_logs()
        config = self._config()
        await asyncio.to_thread(dbos_setup.prepare, config, self._workers)
        dbos = DBOS(config=config)
        dbos_setup.calm(dbos)
        self._register()
        DBOS.listen_queues([])
        DBOS.launch()
        if self._workers:
            await asyncio.to_thread(self._queues.start, dbos, self._workers)
        if self._database is not None:
            self._ear = Ear(self._database, CHANNEL, self._stir, self._heart.tie)
        await self._adopt(older_than_ms=0)
        self._loops = [asyncio.create_task(self._keep_up())]
        if self._workers:
            self._loops.append(asyncio.create_task(self._take_turns()))
        for seconds in _RECOVERY_SECONDS:
            asyncio.get_running_loop().call_later(seconds, self._queues.wake)

    async def _shut(self) -> None:
        """Stop every workflow where it is, then dbos."""
        # dbos leaves its dead executor as the loop's default one, so the loop gets a new one.
        from dbos import DBOS

        logging.getLogger("dbos").setLevel(logging.ERROR)
        running = {*self._running, *self._loops}
        for task in running:
            task.cancel()
        if self._ear is not None:
            self._ear.close()
        if running:  # where the database is away they cannot write down where they stopped
            await asyncio.wait(running, timeout=STOP_GRACE)
        await asyncio.to_thread(self._queues.stop)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))

    def _config(self) -> DBOSConfig:
        """Configure dbos; on SQLite one connection queues all writers fairly."""
        url = self._store.engine.url.render_as_string(hide_password=False)
        self._database = create_engine(url) if self._shared else None
        return dbos_setup.make_config(url, self._database or self._store.engine, self.executor)

    def _register(self) -> None:
        from dbos import DBOS

        async def task(call: str) -> None:
            await self._execute(call)

        # Starts are counted per step by ourselves; counting per workflow kills healthy tasks after a few deploys.
        self._task_workflow = DBOS.workflow(name="forgehand.task", max_recovery_attempts=None)(task)

    async def _execute(self, call: str) -> None:
        """Run a workflow as a task we can stop; while closing none begins."""
        if self._closing:
            raise asyncio.CancelledError
        running = asyncio.current_task()
        assert running is not None
        told = FlowCall.model_validate_json(call)
        self._running[running] = told.task_id
        running.add_done_callback(lambda _: self._stir())  # by then its end is recorded, its place is free
        try:
            await run_task(self._runtime, _DbosJournal(told.task_id, lambda: self._closing), told)
        finally:
            del self._running[running]

    async def _enqueue(self, call: FlowCall, group: str | None) -> None:
        """Hand a task to dbos, once; what it was shelved with goes on."""
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, error

        lane = turns.find_lane(call.flow, group, self._quick)

        async def enqueue() -> None:
            with (
                SetWorkflowID(call.task_id, workflow_id_reuse_policy="reject"),
                SetEnqueueOptions(queue_partition_key=group),
            ):
                try:
                    await DBOS.enqueue_workflow_async(QUEUES[lane], self._task_workflow, call.model_dump_json())
                    return
                except error.DBOSWorkflowIDInUseError:
                    pass
            for known in await DBOS.list_workflows_async(
                workflow_ids=[call.task_id], status=_SHELVED, load_input=False, load_output=False
            ):
                await DBOS.resume_workflows_async([known.workflow_id], queue_name=QUEUES[lane])

        # In a context of its own: inside a workflow the call would take a place in it.
        await asyncio.create_task(enqueue(), context=contextvars.Context())

    @property
    def _quick(self) -> frozenset[str]:
        return frozenset(name for name, spec in self._runtime.flows.specs.items() if spec.quick)

    def _stir(self) -> None:
        """Tell all in this process who wait for it that something was queued."""
        self._queues.wake()
        self._stirred.set()
        self._turn.set()

    async def _tell_queued(self) -> None:
        self._stir()
        if self._shared:
            await self._store.run(notify, CHANNEL)

    async def _take_turns(self) -> None:
        """Let tasks in that can begin here; the rest waits for its turn.

        Of whom nothing is heard the next beat tells.
        """
        while True:
            self._turn.clear()
            seconds = None
            try:
                if not self._closing and await self._store.run(turns.is_anybody_waiting):
                    free = [await self._let_in(lane) for lane in QUEUES]
                    seconds = _AGAIN_SECONDS if any(free) else None
            except Exception:  # whatever it was, tasks that are queued later have to begin
                log.exception("no queued task was let in, trying again")
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._turn.wait()

    async def _let_in(self, lane: Lane) -> bool:
        """Let in as many tasks as can begin; True while some are about to."""
        free = self._queues.count_free(lane)
        if free <= 0:
            return False
        mine = self._admitted[lane] = await self._store.run(turns.list_unbegun, self._admitted[lane])
        if mine:  # two that looked at once may both have got nothing
            self._queues.wake()
        if free <= len(mine):
            return True
        admitted = await self._store.run(turns.admit, lane, self._quick, free - len(mine))
        for each in admitted:
            mine.add(each.id)
            await self._enqueue(FlowCall(task_id=each.id, flow=each.flow, argument=each.argument), each.group)
        if admitted:
            await self._tell_queued()
        return bool(mine)

    async def _adopt(self, older_than_ms: int) -> None:
        """Start tasks that were never enqueued; end or resume what was lost.

        Of the first kind the process died, or its database failed, between storing the row and enqueueing the workflow.
        A task whose workflow ended without it is ended; one whose run broke off in this process is resumed, where it
        was found so twice, because a run may be about to begin.
        """
        from dbos import DBOS

        found, others_wait = await self._store.run(_look)
        if others_wait:
            self._turn.set()
        now = now_ms()
        # What was made in the future was made before the clock stepped back.
        young = range(now - older_than_ms + 1, now + 1)
        rows = [row for row in found if row.created not in young]
        unattended: list[WorkflowStatus] = []
        for first in range(0, len(rows), CHUNK):
            chunk = rows[first : first + CHUNK]
            ids = [row.id for row in chunk]
            known = await DBOS.list_workflows_async(workflow_ids=ids, load_input=False, load_output=False)
            workflows = {workflow.workflow_id: workflow for workflow in known}
            for row in chunk:
                workflow = workflows.get(row.id)
                if workflow is None and row.admitted is None:
                    await self._store.run(turns.line_up, row.id)
                    await self._tell_queued()
                elif workflow is None or workflow.status == _SHELVED:
                    await self._enqueue(FlowCall(task_id=row.id, flow=row.flow, argument=row.argument), row.group)
                elif workflow.status not in ("ENQUEUED", "DELAYED", "PENDING"):
                    await self._runtime.records.close(row.id, _LOST)
            mine = [each for each in known if each.status == "PENDING" and each.executor_id == self.executor]
            unattended += [each for each in mine if each.workflow_id not in self._running.values()]
        seen = {workflow.workflow_id for workflow in unattended}
        again = [workflow for workflow in unattended if workflow.workflow_id in self._unattended]
        self._unattended = seen
        if again:
            await asyncio.to_thread(self._resume, again)

    async def _keep_up(self) -> None:
        next_retirement = time.monotonic()
        while True:
            try:
                if self._ear is not None:
                    await self._store.run(self._heart.beat)
                    await self._ear.ensure()
                    await asyncio.to_thread(self._sweep)
                await self._adopt(older_than_ms=int(self._heart.ttl * 1000))
                metrics.BEAT.set_to_current_time()
                if time.monotonic() >= next_retirement:
                    await self._retire()
                    next_retirement = time.monotonic() + DAY_SECONDS
            except Exception:  # whatever it was, stopping to beat would cost this process its tasks
                log.exception("engine upkeep failed, trying again")
            await asyncio.sleep(self._beat_seconds)

    def _sweep(self) -> None:
        """Requeue the work of dead processes. Runs in a thread."""
        from dbos import DBOS

        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        if not pending and self._heart.has_heard:  # nothing runs anywhere; who handles deliveries listens on
            return
        with self._store.engine.begin() as connection:
            dead = self._heart.dead(connection, {str(workflow.executor_id) for workflow in pending})
            if not dead or not failover.try_lock(connection):
                return
            pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
            self._resume([workflow for workflow in pending if workflow.executor_id in dead])

    def _resume(self, workflows: Sequence[WorkflowStatus]) -> None:
        """Put workflows whose run broke off back into their queues. Blocking."""
        from dbos import DBOS

        lost: defaultdict[str | None, list[str]] = defaultdict(list)
        for workflow in workflows:
            lost[workflow.queue_name].append(workflow.workflow_id)
        for queue, ids in lost.items():
            log.warning(
                "resuming what broke off", executors=sorted({str(each.executor_id) for each in workflows}), tasks=ids
            )
            DBOS.resume_workflows(ids, queue_name=queue)
        if lost:
            self._queues.wake()
            if self._shared:
                self._store.run_sync(notify, CHANNEL)

    async def _retire(self) -> None:
        """Delete what finished long ago: dbos keeps every workflow for ever."""
        from dbos import DBOS

        before = (datetime.now(UTC) - self._keep).isoformat()
        while True:
            old = await DBOS.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                completed_before=before,
                limit=CHUNK,
                load_input=False,
                load_output=False,
            )
            if not old:
                return
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in old])


_LOST = Outcome(
    state="failed", summary="The engine lost this task: its workflow ended without a result. Start the task again."
)


@dataclass(frozen=True)
class _DbosJournal:
    """The places of a dbos workflow, numbered by calls of :meth:`slot`.

    While the engine is ``closing`` no step begins: what it would do, or buy, would be cut off in its midst.
    """

    workflow: str
    closing: Callable[[], bool]

    def slot(self, name: str) -> Callable[[Body], Awaitable[str]]:
        from dbos import DBOS

        reservation = DBOS.reserve_step()

        async def record(body: Body) -> str:
            if self.closing():
                raise asyncio.CancelledError
            return await _record(reservation, name, body)

        return record

    async def shelve(self) -> None:
        """Have dbos leave the workflow alone until it is resumed.

        Ends the run: a result would be the workflow's for good.
        """
        from dbos import DBOS

        # In a context of its own: inside a workflow the call would take a place in it.
        shelving = DBOS.cancel_workflows_async([self.workflow])
        await asyncio.create_task(shelving, context=contextvars.Context())
        raise asyncio.CancelledError


async def _record(reservation: StepReservation, name: str, body: Body) -> str:
    from dbos import error

    async def step() -> str:
        return await body()

    try:
        return await reservation.run_async({"name": name}, step)
    except error.DBOSUnexpectedStepError:
        raise WorkflowError(
            f"Step {name} replaced another step in the history: the workflow changed while the task was running."
        ) from None


def _look(connection: sa.Connection) -> tuple[list[tasks.Task], bool]:
    """Return the tasks that an engine has, and whether others wait for a turn."""
    return tasks.list_let_in(connection), turns.is_anybody_waiting(connection)


def _line_up(connection: sa.Connection, task_id: str, group: str | None) -> bool:
    """Let the task wait for its turn; keep its group for a later start."""
    row = tasks.get(connection, task_id)
    if row is None:
        raise EngineError(f"No task {task_id}: store its row before starting it.")
    if row.group != group:
        tasks.set_group(connection, task_id, group)
    return turns.line_up(connection, task_id)
