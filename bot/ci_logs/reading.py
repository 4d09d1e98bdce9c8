"""Clean the lines of a log, and cut out the step that failed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

_MOST = 12_000_000
_MOST_LINES = 100_000  # from the end; the longest real logs had 40,000
_LONGEST = 2_000
_STAMP = re.compile(r"\ufeff?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z ?")
# Jenkins: what the timestamper plugin writes, and notes that its console hides.
_NOTE = re.compile(r"\x1b\[8mha:[^\x1b]{0,4000}\x1b\[0m")
_JENKINS_STAMP = re.compile(r"\[\d{4}-\d\d-\d\dT[\d:.]+Z\] |\d\d:\d\d:\d\d(?:\.\d{3})?  (?=\S)")
_UNSEEN = re.compile(
    r"\x1b\[[0-9;:?]{0,40}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b\n]{0,400}(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b."
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\u200b-\u200d\u2060\ufeff]"
)
_FOLD = re.compile(r"^(?:travis_(?:fold|time):\S*|section_(?:start|end):\d+:\S*)[\r ]?")
_RUN = re.compile(r"##\[group\]Run ")
_EXIT = re.compile(
    r"##\[error\](?:Process completed with exit code|The process '[^']{0,200}' failed with exit code|Cmd /c"
    r"|Bash exited with)"
)


class Period(NamedTuple):
    """Time in which a step ran, as the API says: whole seconds, any zone."""

    start: datetime
    end: datetime


class _Line(NamedTuple):
    text: str
    time: str


_EMPTY = _Line("", "")


def read_log(log: str, step: Period | None = None) -> tuple[str, ...]:
    """Return the lines of the failing step, of the whole log if unknown."""
    return read_both(log, step)[0]


def read_both(log: str, step: Period | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of the failing step, and of the whole log."""
    lines = _read(log)
    texts = tuple(line.text for line in lines)
    if step is not None:
        inside = tuple(line.text for line in lines if _is_inside(line, step))
        if inside:
            return inside, texts
    start, end = _find_step(texts)
    return texts[start:end], texts


def read_lines(log: str) -> tuple[str, ...]:
    """Return a log's lines as a terminal would show them, without times."""
    return tuple(line.text for line in _read(log))


def _read(log: str) -> list[_Line]:
    return [_read_line(line) for line in log[-_MOST:].split("\n")[-_MOST_LINES:]]


def _read_line(line: str) -> _Line:
    if not line:
        return _EMPTY
    stamp = _STAMP.match(line)
    time = ""
    if stamp is not None:
        time = stamp[1]
        line = line[stamp.end() :]
    if "\x1b[8mha:" in line:
        line = _NOTE.sub("", line)
    line = _unfold(line).rstrip("\r")
    if not line.isprintable():
        line = _UNSEEN.sub("", line)
    if "\r" in line:
        # A progress bar: what stands there at last.
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
    if line[:1] in "[0123456789":
        line = _JENKINS_STAMP.sub("", line, count=1) if _JENKINS_STAMP.match(line) else line
    return _Line(_unfold(line)[:_LONGEST].rstrip(), time)


def _unfold(line: str) -> str:
    return _FOLD.sub("", line) if line.startswith(("travis_", "section_")) else line


def _is_inside(line: _Line, step: Period) -> bool:
    if not line.time:
        return False
    try:
        at = datetime.fromisoformat(line.time + "+00:00")
    except ValueError:
        return False
    return step.start <= at < step.end + timedelta(seconds=1)


def _find_step(lines: Sequence[str]) -> tuple[int, int]:
    """Return where the failing step stands, by marks that anyone can write."""
    ends = [place for place, line in enumerate(lines) if line.startswith("##[") and _EXIT.match(line)]
    if not ends:
        ends = [place for place, line in enumerate(lines) if line.startswith("##[error]")][-1:]
    if not ends:
        return 0, len(lines)
    end = ends[0]
    start = next((place for place in range(end, -1, -1) if _RUN.match(lines[place])), 0)
    return start, end + 1
