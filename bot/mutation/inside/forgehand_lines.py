"""Record which lines of some files run."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any, Callable

_TOOL = 3  # none of the numbers that ``sys.monitoring`` names


class Recorder:
    """Lines that ran since the last :meth:`take`, by file."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {os.path.realpath(path): path for path in paths}
        self._known: dict[str, str | None] = {}
        self._lines: dict[str, set[int]] = {}

    def start(self) -> None:
        if sys.version_info >= (3, 12):
            monitoring = sys.monitoring
            monitoring.use_tool_id(_TOOL, "forgehand")
            monitoring.register_callback(_TOOL, monitoring.events.LINE, self._on_line)
            monitoring.set_events(_TOOL, monitoring.events.LINE)
        else:
            threading.settrace(self._trace)
            sys.settrace(self._trace)

    def stop(self) -> None:
        if sys.version_info >= (3, 12):
            sys.monitoring.set_events(_TOOL, 0)
            sys.monitoring.free_tool_id(_TOOL)
        else:
            sys.settrace(None)
            threading.settrace(None)

    def take(self) -> dict[str, list[int]]:
        """Return what was recorded, and begin anew."""
        found = {path: sorted(lines) for path, lines in self._lines.items()}
        self._lines = {}
        if sys.version_info >= (3, 12):
            sys.monitoring.restart_events()
        return found

    def _find(self, code: CodeType) -> str | None:
        """Return the file that code belongs to, None for all others."""
        name = code.co_filename
        if name not in self._known:
            self._known[name] = self._paths.get(os.path.realpath(name))
        return self._known[name]

    def _on_line(self, code: CodeType, line: int) -> Any:
        path = self._find(code)
        if path is not None:
            self._lines.setdefault(path, set()).add(line)
        return sys.monitoring.DISABLE  # type: ignore[attr-defined,unused-ignore]

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        path = self._find(frame.f_code)
        if path is None:
            return None
        add = self._lines.setdefault(path, set()).add

        def trace_lines(frame: FrameType, event: str, arg: Any) -> Any:
            if event == "line":
                add(frame.f_lineno)
            return trace_lines

        return trace_lines
