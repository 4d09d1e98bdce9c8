"""Tell a model how tests failed, without saying the same code again for every parameter."""

from __future__ import annotations

import re
from collections.abc import Sequence

RAISED_LINE = re.compile(
    r"^(?:E\s+)?(?:[\w.]{1,200}\.)?([A-Z]\w{0,80}(?:Error|Exception|Warning))(?::\s*(.*))?$", re.MULTILINE
)
# how Go begins to say why it ended; what follows is a listing of calls
_PANIC = re.compile(r"^(?:panic|fatal error): ")
# pytest's name of one parameter of a function; other runners put brackets into names as they like
_PARAMETER = re.compile(r"(::\w+)\[.*\]$", re.DOTALL)
# lines of an assertion that names no exception: "have", "want" and where they stand
_FEW = 8


def summarise(message: str) -> str:
    """Return in one line what a failed test says.

    That is the line behind pytest's ``E``, the last that names an exception, Go's panic, all of a few lines, or else
    the last.
    """
    marked = [line[1:].strip() for line in message.splitlines() if line.startswith("E ")]
    if marked:
        return marked[0][:300]
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    raised = [line for line in lines if RAISED_LINE.match(line)] or [line for line in lines if _PANIC.match(line)][:1]
    if not raised and len(lines) <= _FEW:
        return " ".join(lines)[:300]
    return (raised or lines)[-1][:300]


def cut_middle(message: str, limit: int) -> str:
    """Shorten a message: some runners say why a test failed first, some last."""
    half = limit // 2
    return message if len(message) <= limit else f"{message[:half]}\n[...]\n{message[-half:]}"


def list_messages(failures: Sequence[tuple[str, str]]) -> list[str]:
    """List the messages of failed tests, ``(id, message)``, in order.

    Of a function's parameters only the first is whole: the others' code is the same.
    """
    first = {_name_function(test): test for test, _ in reversed(failures)}
    return [message if first[_name_function(test)] == test else summarise(message) for test, message in failures]


def _name_function(test: str) -> str:
    return _PARAMETER.sub(r"\1", test)
