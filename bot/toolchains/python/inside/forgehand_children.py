"""Run work in forked children: they report through a pipe, and end by processor time."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

Send = Callable[[Any], None]
# A child that waits for something uses no processor time: it has this many seconds more than it may use.
_WATCHDOG = 60.0
_PIECE = 1 << 16
# Pipes to processes further up, which the code in a child must not reach.
upstream: set[int] = set()


class Ended(NamedTuple):
    """End of a child (``done``, ``timeout``, ``crash``), and what it said."""

    how: str
    said: list[Any]


def renew_limit(seconds: float) -> None:
    """Let this process use so many seconds of the processor from now on.

    What it may use in all does not change.
    """
    if signal.getitimer(signal.ITIMER_PROF)[0]:
        signal.setitimer(signal.ITIMER_PROF, seconds)


class Child:
    """Child that may use so many seconds of the processor.

    What it sends is believed only behind a token that nothing but its own code was given.
    """

    def __init__(self, work: Callable[[Send], None], seconds: float) -> None:
        self._read, write = os.pipe()
        self._token = os.urandom(16).hex()
        self._seconds = seconds
        self._until = time.monotonic() + seconds + _WATCHDOG
        self._done = False
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._read)
            self._live(work, write)
        os.close(write)

    def _live(self, work: Callable[[Send], None], write: int) -> None:
        """Be the child, and end."""
        try:
            for pipe in upstream:
                os.close(pipe)
            upstream.clear()
            upstream.add(write)
            os.setsid()
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_PROF, self._seconds)
            limit = int(self._seconds) + 2  # where a test switches the timer off
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
            work(lambda message: self._send(write, {"say": message}))
            self._send(write, {"done": True})
        except BaseException:  # noqa: BLE001 - whatever a test raises ends only this child
            traceback.print_exc()
        finally:
            os._exit(0)

    def _send(self, write: int, message: dict[str, Any]) -> None:
        data = f"\n{self._token} {json.dumps(message)}\n".encode()  # whatever a test wrote before it
        while data:
            data = data[os.write(write, data) :]

    def receive(self) -> Iterator[Any]:
        """Yield what the child says until it is done, or gone."""
        waiting = b""
        while not self._done and time.monotonic() < self._until:  # ":=" is not known before Python 3.8
            ready, _, _ = select.select([self._read], [], [], max(0.0, min(self._until - time.monotonic(), 1.0)))
            piece = os.read(self._read, _PIECE) if ready else b""
            if not piece and (ready or self._is_gone()):
                return
            *lines, waiting = (waiting + piece).split(b"\n")
            for token, _, body in (line.decode(errors="replace").partition(" ") for line in lines):
                if token == self._token:
                    message = json.loads(body)
                    self._done = self._done or "done" in message
                    if "say" in message:
                        yield message["say"]

    def _is_gone(self) -> bool:
        """Return whether it has ended; what it started may hold the pipe."""
        return os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def end(self) -> str:
        """Kill what is left of it, and return how it ended."""
        os.close(self._read)
        for kill, target in ((os.killpg, self._pid), (os.kill, self._pid)):
            try:
                kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        _, status = os.waitpid(self._pid, 0)
        if self._done:
            return "done"
        late = time.monotonic() >= self._until or os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGXCPU)
        return "timeout" if late else "crash"


def run(work: Callable[[Send], None], seconds: float) -> Ended:
    """Run work in a child to its end."""
    child = Child(work, seconds)
    said = list(child.receive())
    return Ended(child.end(), said)
