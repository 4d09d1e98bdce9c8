"""Be the first process of a container: it ends when our standard input does.

``guard.py FILTER ARGV...``: a filter of system calls, as bytes, then a command that becomes our child. No signal from
within the container ends the first process, and nobody there may look into it.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from pathlib import Path

_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2


class _Program(ctypes.Structure):
    """Filter as the kernel takes it: how many lines, and where they are."""

    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def _prctl(option: int, value: int, pointer: object = None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), pointer, None, None):
        sys.exit(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _confine(program: bytes) -> None:
    _prctl(_PR_SET_DUMPABLE, 0)
    if program:
        _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(program) // 8, program)))


def _reap(child: int) -> None:
    """Take the ended processes; end as the child did."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
        if pid == 0:
            return


def main() -> None:
    """Start the command, then wait for its end or for that of our input."""
    program, argv = Path(sys.argv[1]).read_bytes(), sys.argv[2:]
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _confine(program)
    nothing = os.open("/dev/null", os.O_RDONLY)
    defaults = (signal.SIGINT, signal.SIGPIPE)
    child = os.posix_spawn(
        argv[0], argv, os.environ, file_actions=((os.POSIX_SPAWN_DUP2, nothing, 0),), setsigdef=defaults
    )
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if 0 in ready and not os.read(0, 65536):
            os._exit(1)
        if woken in ready:
            os.read(woken, 65536)
            _reap(child)


if __name__ == "__main__":
    main()
