"""Whole files: a path, then the text in a fence."""

from __future__ import annotations

from collections.abc import Sequence

from bot.edits.reading import Reading, fence, path_in
from bot.edits.values import Write


def read(lines: Sequence[str], at: int) -> Reading | None:
    """The fenced file that begins at line ``at``, if the line right above or the fence itself names its path."""
    opened = fence(lines[at])
    if opened is None:
        return None
    marks, info = opened
    above = next((line for line in reversed(lines[max(0, at - 2) : at]) if line.strip()), "")
    path = _named(info) or (path_in(above) if above else None)
    stop = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == marks), None)
    if path is None or stop is None or info in ("diff", "patch", "json", "console", "text") or info.startswith("diff"):
        return None
    if any(_is_other(line) for line in lines[at + 1 : stop]):
        return None
    return Reading((Write(path, "".join(f"{line}\n" for line in lines[at + 1 : stop])),), stop + 1)


def _named(info: str) -> str | None:
    """A path after the language: ``python:src/a.py``, ``python src/a.py``, ``src/a.py``."""
    for part in reversed(info.replace(":", " ").replace("title=", " ").split()):
        path = path_in(part.strip("\"'"))
        if path is not None:
            return path
    return None


def _is_other(line: str) -> bool:
    """Whether the fence holds edits of another dialect rather than a file."""
    return line.startswith(("<<<<<<<", "*** Begin Patch", "@@ ", "diff --git ", "------- SEARCH"))
