"""Take queued workflows at once, without asking all the time for them.

dbos polls each queue; ours are left out of that and polled by the same code of dbos, but seldom, and at once when a
task was queued or ended here, or, on PostgreSQL, queued by another process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
import structlog

from bot.engine.dbos_setup import FREE, GROUPED

if TYPE_CHECKING:
    import psycopg
    from dbos import DBOS

_CHANNEL = "forgehand_queue"
_STOP_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Alarm(threading.Event):
    """An event whose waiters can be woken though it is not set."""

    def __init__(self) -> None:
        super().__init__()
        self._woken = threading.Event()

    def wake(self) -> None:
        self._woken.set()

    def set(self) -> None:
        super().set()
        self.wake()

    def wait(self, timeout: float | None = None) -> bool:
        self._woken.wait(timeout)
        self._woken.clear()
        return self.is_set()


class QueueWorkers:
    """The threads that take tasks from our two queues."""

    def __init__(self) -> None:
        self._alarms: list[Alarm] = []
        self._threads: list[threading.Thread] = []

    def start(self, dbos: DBOS) -> None:
        """Start the threads. Blocking."""
        from dbos._queue import queue_worker_thread  # not public; the tests of the engine hold what we need of it

        for name in (GROUPED, FREE):
            alarm = Alarm()
            queue = dbos.retrieve_queue(name)
            assert queue is not None
            queue.database_backed_queue = False  # its limits were set at our start: no look for others before each look
            arguments = (alarm, dbos, queue)
            thread = threading.Thread(target=queue_worker_thread, args=arguments, name=f"queue-{name}", daemon=True)
            thread.start()
            self._alarms.append(alarm)
            self._threads.append(thread)

    def wake(self) -> None:
        """Look now for what can be taken."""
        for alarm in self._alarms:
            alarm.wake()

    def stop(self) -> None:
        """Stop the threads, without waiting long for them. Blocking."""
        for alarm in self._alarms:
            alarm.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        self._alarms = []
        self._threads = []


class Listener:
    """An ear for what other processes queue, on a connection of its own.

    It calls ``stir`` where it heard something, or may have missed something.
    """

    def __init__(self, engine: sa.Engine, stir: Callable[[], None]) -> None:
        self._engine = engine
        self._stir = stir
        self._connection: sa.Connection | None = None
        self._driver: psycopg.Connection | None = None
        self._socket = -1  # a lost connection no longer tells

    async def ensure(self) -> None:
        """Listen, if we do not; stir for what came meanwhile."""
        if self._driver is None:
            self._driver = await asyncio.to_thread(self._connect)
            self._socket = self._driver.fileno()
            asyncio.get_running_loop().add_reader(self._socket, self._hear)
            self._stir()

    def close(self) -> None:
        if self._driver is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._driver = None
        if self._connection is not None:
            with suppress(sa.exc.DBAPIError):  # it may be lost already
                self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        connection.execute(sa.text(f"listen {_CHANNEL}"))
        self._connection = connection
        return cast("psycopg.Connection", connection.connection.dbapi_connection)

    def _hear(self) -> None:
        assert self._driver is not None
        try:
            self._driver.pgconn.consume_input()
            while self._driver.pgconn.notifies() is not None:
                self._stir()
        except Exception:  # the connection is gone; the next `ensure` makes another
            log.warning("listening for queued tasks broke off", exc_info=True)
            self.close()


def notify(connection: sa.Connection) -> None:
    """Tell the other processes, at the commit, that something was queued."""
    connection.execute(sa.select(sa.func.pg_notify(_CHANNEL, "")))
