"""A stand-in for a Python that has the bot's requirements: it takes a process forked by :mod:`tests.support.forks`.

Whoever starts it sees what a Python would show: output, exit code, and an end when asked for it by SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import forks

_SCRIPT = """#!/bin/sh
exec "{python}" -I -S -c '{program}' "$@"
"""
_PROGRAM = """
import json, os, signal, socket, sys
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect("{address}")
socket.send_fds(line, [json.dumps([sys.argv[1:], dict(os.environ)]).encode()], [1, 2])
pid = int(line.recv(16))
signal.signal(signal.SIGTERM, lambda number, _: os.kill(pid, number))
sys.exit(int(line.recv(16)))
"""
_BOT = ["-m", "bot.cli"]


@asynccontextmanager
async def standing_in() -> AsyncIterator[Callable[[Path], None]]:
    """What puts a stand-in at a path; it is answered until the end of the block."""
    waiting: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()
    # a path that fits into an address
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, _listen(f"{folder}/line") as listening:

        def put(python: Path) -> None:
            program = _PROGRAM.format(address=f"{folder}/line")
            python.write_text(_SCRIPT.format(python=sys.executable, program=program))
            python.chmod(0o755)

        def accept() -> None:
            waiting.add(loop.create_task(_run(listening.accept()[0])))

        loop.add_reader(listening, accept)
        try:
            yield put
        finally:
            loop.remove_reader(listening)
            await asyncio.gather(*waiting)


def _listen(address: str) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(address)
    listening.listen()
    return listening


async def _run(line: socket.socket) -> None:
    """Run what one caller asks for; tell it the process's number, then its exit code."""
    with line:
        request, (out, err), _, _ = socket.recv_fds(line, forks.LARGEST_REQUEST, 2)
        argv, environment = json.loads(request)
        assert argv[:2] == _BOT, argv
        with os.fdopen(out, "wb") as output, os.fdopen(err, "wb") as errors:
            forked = forks.forker().fork(argv[2:], environment, output, errors)
        line.send(str(forked.pid).encode())
        line.send(str(await forked.wait()).encode())
