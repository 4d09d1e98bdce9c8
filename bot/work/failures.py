"""Tell a model how tests failed, without saying the same code again for every parameter."""

from __future__ import annotations

import re
from collections.abc import Sequence

RAISED_LINE = re.compile(
    r"^(?:E\s+)?(?:[\w.]{1,200}\.)?([A-Z]\w{0,80}(?:Error|Exception|Warning))(?::\s*(.*))?$", re.MULTILINE
)


def last_line(message: str) -> str:
    """Return the line that names the exception: behind ``E``, else the last."""
    marked = [line[1:].strip() for line in message.splitlines() if line.startswith("E ")]
    if marked:
        return marked[0][:300]
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    raised = [line for line in lines if RAISED_LINE.match(line)]
    return (raised or lines or [""])[-1][:300]


def list_messages(failures: Sequence[tuple[str, str]]) -> list[str]:
    """List the messages of failed tests, ``(id, message)``, in order.

    Of a function's parameters only the first is whole: the others' code is the same.
    """
    first = {test.partition("[")[0]: test for test, _ in reversed(failures)}
    return [message if first[test.partition("[")[0]] == test else last_line(message) for test, message in failures]
