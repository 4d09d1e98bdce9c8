"""Bots that start in no time: a process that has imported the whole bot once forks one for each story.

Importing takes seconds of processor time, and the stories start a hundred servers. What is forked runs the same
command line in a process of its own, with its own environment and output, and ends as any process does.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from bot.toolchains.python.interpreters import find_interpreters
from tests.support import clocks

# A server imports these when they are first needed.
_PRELOADED = (
    "bot.app",
    "bot.store.migrations",
    "dbos",
    "anthropic",
    "anthropic.resources.messages",
    "anyio._backends._asyncio",
    "bot.toolchains.languages",
    "httpcore2",
    "jinja2",
    "markdown_it",
    "simhub",
    "tests.support.openapi",
)
_ANSWER: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Yes."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]
_ROOT = Path(__file__).parents[2]
PYTHON = "TESTS_PYTHON"  # the variable of what starts the bot for a command that starts one, where it is no Python
LARGEST_REQUEST = 128 * 1024


@dataclass
class Forked:
    """A process that was forked for us, to be used like an :class:`asyncio.subprocess.Process`."""

    pid: int
    returncode: int | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int | None:
        await self._ended.wait()
        return self.returncode

    def watch(self, status: socket.socket) -> None:
        """Take the exit code from ``status`` when it comes."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            loop.remove_reader(status)
            with status:
                self.returncode = int(status.recv(16))
            self._ended.set()

        loop.add_reader(status, read)


@dataclass(frozen=True)
class Forker:
    """The process that forks, and our end of the line to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def fork(
        self, argv: Sequence[str], environment: Mapping[str, str], output: BinaryIO, errors: BinaryIO | None = None
    ) -> Forked:
        """Run ``forgehand ARGV`` with this environment; what it prints goes to ``output`` and ``errors``, if given."""
        status, theirs = socket.socketpair()
        files = [output.fileno(), (errors or output).fileno(), theirs.fileno()]
        with theirs:
            request = json.dumps([argv, dict(environment)]).encode()
            socket.send_fds(self.control, [request], files)
        forked = Forked(int(self.control.recv(16)))
        forked.watch(status)
        return forked


@cache
def forker() -> Forker:
    """The one of this test process, started when it is first needed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=_ROOT, pass_fds=[theirs.fileno()])
    return Forker(process, ours)


def close() -> None:
    """End the process that forks, if there is one, and whatever it forked."""
    if forker.cache_info().currsize:
        forker().control.close()
        forker().process.wait()
        forker.cache_clear()


def _serve(control: socket.socket) -> list[str] | None:
    """Fork until the tests hang up. Returns the command line in each child, and None in the parent at its end."""
    statuses: dict[int, socket.socket] = {}

    def reap(*_: object) -> None:
        while statuses:
            pid, code = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with statuses.pop(pid) as status, contextlib.suppress(BrokenPipeError):
                status.send(str(os.waitstatus_to_exitcode(code)).encode())

    signal.signal(signal.SIGCHLD, reap)
    while True:
        request, files, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 3)
        if not request:
            break
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # until the child is known
        pid = os.fork()
        if pid == 0:
            return _become(request, *files)
        *outputs, status = files
        for output in outputs:
            os.close(output)
        statuses[pid] = socket.socket(fileno=status)
        control.send(str(pid).encode())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for pid in list(statuses):
        os.kill(pid, signal.SIGKILL)
    return None


def _become(request: bytes, output: int, errors: int, status: int) -> list[str]:
    """Make the child what it would be had it been started from a command line; that line."""
    argv, environment = json.loads(request)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background have it ignored
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    os.dup2(output, 1)
    os.dup2(errors, 2)
    for each in (output, errors, status):
        os.close(each)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - what these know is of the parent's files
    sys.stderr = open(2, "w", closefd=False, buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    sys.executable = os.environ.pop(PYTHON, sys.executable)
    time.tzset()
    return list(argv)


def _read_answer() -> None:
    """Read what a model may send: the SDK makes the validators of its types when it first meets them."""
    models, types = map(importlib.import_module, ("anthropic._models", "anthropic.types"))
    for event in _ANSWER:
        models.construct_type(type_=types.RawMessageStreamEvent, value=event).to_dict(mode="json")


def _main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as control:
        gc.disable()
        if clocks.WANTED in os.environ:
            clocks.install()
        for name in _PRELOADED:
            importlib.import_module(name)
        # only here: every process that runs tests imports this module
        operations, handlers = map(importlib.import_module, ("bot.doors.api.application", "handlers"))
        registry = handlers.HANDLERS.registry
        operations.list_operations(registry)  # the models of what each task is asked with
        registry.schema.document()  # and those of a policy
        find_interpreters()  # which Pythons this machine has: a server asks each of them once
        _read_answer()
        gc.freeze()
        gc.enable()
        argv = _serve(control)
    if argv is not None:
        from bot.cli import main
        from tests.support.openapi import watching

        with watching():  # hubs that the command itself starts
            main(argv)


if __name__ == "__main__":
    _main()
