"""Wrap a command so that it reaches the proxy through a relay."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import Mount

RELAY = "/forgehand/relay.py"
_SOURCE = Path(__file__).parent / "inside" / "relay.py"


def find_interpreter() -> tuple[str, list[Mount]]:
    """Return our Python as seen inside, and its mounts, none in /usr."""
    prefix = Path(sys.base_prefix).resolve()
    program = prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(program), mount_installed(prefix)


def wrap_in_relay(argv: Sequence[str], socket: str) -> tuple[list[str], list[Mount]]:
    """Put ``argv`` behind the relay to ``socket``; return mounts as well."""
    program, mounts = find_interpreter()
    return [program, "-I", "-S", RELAY, socket, *argv], [Mount(source=_SOURCE, target=RELAY), *mounts]
