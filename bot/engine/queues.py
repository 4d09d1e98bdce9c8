"""Take queued workflows at once, without asking all the time for them.

dbos polls each queue; ours are left out of that and polled by the same code of dbos, but seldom, and at once when a
task was queued or ended here, or, on PostgreSQL, queued by another process.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from bot.engine.dbos_setup import QUEUES
from bot.store.turns import Lane

if TYPE_CHECKING:
    from dbos import DBOS

CHANNEL = "forgehand_queue"
"""Where processes that share a database tell each other that something was queued."""
_STOP_SECONDS = 5.0


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
    """The threads that take tasks from our queues, one for each lane."""

    def __init__(self) -> None:
        self._dbos: DBOS | None = None
        self._workers = 0
        self._alarms: list[Alarm] = []
        self._threads: list[threading.Thread] = []

    def start(self, dbos: DBOS, workers: int) -> None:
        """Start the threads; each keeps ``workers`` tasks running. Blocking."""
        from dbos._queue import queue_worker_thread  # not public; the tests of the engine hold what we need of it

        self._dbos = dbos
        self._workers = workers
        for name in QUEUES.values():
            alarm = Alarm()
            queue = dbos.retrieve_queue(name)
            assert queue is not None
            queue.database_backed_queue = False  # its limits are ours: no look for others before each look
            queue._worker_concurrency = workers  # what is stored is the limit of whichever process began last
            arguments = (alarm, dbos, queue)
            thread = threading.Thread(target=queue_worker_thread, args=arguments, name=f"queue-{name}", daemon=True)
            thread.start()
            self._alarms.append(alarm)
            self._threads.append(thread)

    def count_free(self, lane: Lane) -> int:
        """Count the tasks of a lane that could begin here at once."""
        if self._dbos is None:
            return 0
        return self._workers - self._dbos._active_workflows_set.count_for_queue(QUEUES[lane])

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
