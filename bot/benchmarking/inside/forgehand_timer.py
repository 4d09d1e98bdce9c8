"""Time one worker from beside it: processor seconds, memory, its digests.

It starts with ``-I -S``, so that it holds no code of the repository and of its environment, and takes the key of the
records before the worker begins. Clocks are the kernel's: the worker waits between preparation and work, and its clock
is read meanwhile. Standard library only; any Python from 3.7 on.
"""

# os.path rather than pathlib: this also runs on old Pythons
# ruff: noqa: PTH108, PTH118, PTH120, PTH123, SIM115
from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import Any

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forgehand_worker.py")  # noqa: PTH100
# A line of the worker: digests of some thousand results.
_LINE_BYTES = 4 * 1024 * 1024


class Silent(Exception):
    """End of a worker that did not say what was waited for."""


def guard() -> None:
    """Keep this process's memory to itself, and inherit orphans."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def processor_seconds(pid: int) -> float:
    """Return what a living process has used, by the kernel's clock of it."""
    return time.clock_gettime((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)


class Worker:
    """Process that runs the benchmark, on the other end of two pipes."""

    def __init__(self, plan: Any) -> None:
        inside, out = os.pipe()
        back, outside = os.pipe()
        limit = plan["seconds"]
        self._process = subprocess.Popen(
            [sys.executable, _WORKER, str(inside), str(outside)],
            pass_fds=(inside, outside),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env={**os.environ, "PYTHONHASHSEED": str(plan["hash_seed"]), "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
        )
        os.close(inside)
        os.close(outside)
        self.pid = self._process.pid
        self._out = open(out, "w")
        self._back = open(back)

    def tell(self, message: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # what it did not say is found missing
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()

    def hear(self) -> Any:
        """Return what it says next; raises :class:`Silent` for an error."""
        line = self._back.readline(_LINE_BYTES)
        try:
            message = json.loads(line)
        except ValueError:
            raise Silent("the process ended early, or used up its processor time") from None
        if not isinstance(message, dict) or "error" in message:
            raise Silent(str(message.get("error") if isinstance(message, dict) else message))
        return message

    def end(self) -> Any:
        """Wait for its end, and for all it started; return what they used."""
        _, _, used = os.wait4(self.pid, 0)
        seconds = used.ru_utime + used.ru_stime
        memory = used.ru_maxrss
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                _, _, more = os.wait4(-1, 0)
                seconds += more.ru_utime + more.ru_stime
                memory = max(memory, more.ru_maxrss)
        return seconds, memory / 1024

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def time_worker(plan: Any) -> Any:
    """Run one worker through its stages; return what was measured."""
    worker = Worker(plan)
    try:
        worker.tell({name: plan[name] for name in ("benchmark", "target", "first", "last")})
        worker.hear()
        worker.tell({"seed": plan["seed"], "count": plan["count"]})
        drawn = worker.hear()
        preparation = processor_seconds(worker.pid)
        worker.tell({})
        done = worker.hear()
    except (Silent, OSError) as error:
        worker.stop()
        return {"event": "failed", "reason": str(error)}
    seconds, memory = worker.end()
    return {
        "event": "sample",
        "preparation": preparation,
        "work": seconds - preparation,
        "memory_mb": memory,
        "inputs": drawn.get("inputs"),
        "distinct": drawn.get("distinct"),
        "results": done.get("results"),
        "profile": done.get("profile"),
    }


def main() -> None:
    """Take the key, time one worker, sign what was measured."""
    directory = os.environ["FORGEHAND_RESULTS"]
    # the folder of the records is the last of PYTHONPATH, which ``-I`` leaves unread
    sys.path.append(os.environ["PYTHONPATH"].split(os.pathsep)[-1])
    records = importlib.import_module("forgehand_records").Records(directory)
    guard()
    with open(os.path.join(directory, "plan.json")) as stream:
        plan = json.load(stream)
    os.unlink(stream.name)  # the seeds are told when they are due
    records.write(time_worker(plan))


if __name__ == "__main__":
    main()
