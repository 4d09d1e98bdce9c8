"""Print the step's log so that the runner obeys nothing of others.

Everything is printed by :class:`Log`: no other module writes to the standard output.
"""

from __future__ import annotations

import re
import secrets
import sys
import threading

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


class Log:
    """The step's log, in which the runner looks for commands.

    It is told to look for none but between two of our own lines, and what others wrote cannot begin like one either.
    Threads print in turn: nothing gets between those lines.
    """

    def __init__(self) -> None:
        self._token = ""
        self._turn = threading.RLock()

    def hold(self) -> None:
        """Have the runner take no commands until further notice."""
        self._token = secrets.token_hex(20)
        self._print(f"::stop-commands::{self._token}")

    def say(self, text: str) -> None:
        """Print text that anybody may have written."""
        with self._turn:
            for line in plain_lines(text):
                self._print(line)

    def command(self, name: str, message: str, **properties: str) -> None:
        """Give the runner a command of ours."""
        given = ",".join(f"{key}={_escape(value, more=True)}" for key, value in properties.items())
        with self._turn:
            self._print(f"::{self._token}::")
            self._print(f"::{name} {given}::{_escape(message)}" if given else f"::{name}::{_escape(message)}")
            self.hold()

    def mask(self, secret: str) -> None:
        """Have the runner hide a secret wherever it is printed."""
        for line in secret.splitlines():
            if line.strip():
                self.command("add-mask", line)

    def _print(self, line: str) -> None:
        sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()


def plain_lines(text: str) -> list[str]:
    """Split text into lines of which none is a command to the runner."""
    lines = CONTROL.sub("", text).splitlines()
    return [re.sub(r"^(\s*):(?=:)", r"\1: ", line).replace("##[", "# #[") for line in lines]


def _escape(text: str, *, more: bool = False) -> str:
    pairs = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A")] + ([(":", "%3A"), (",", "%2C")] if more else [])
    for char, code in pairs:
        text = text.replace(char, code)
    return text
