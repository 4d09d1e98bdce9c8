"""Read whole files: a path, then the text in a fence."""

from __future__ import annotations

from collections.abc import Sequence

from bot.edits.reader import ReadResult, path_in, read_fence
from bot.edits.values import ParseError, Write

# Languages of fences that show something else than a file.
_OTHER_DIALECTS = ("<<<<<<<", "*** Begin Patch", "@@ ", "diff --git ", "------- SEARCH")
_NO_FILE = ("diff", "patch", "json", "console", "output", "traceback")


def read(lines: Sequence[str], at: int) -> ReadResult | None:
    """Read the fenced file at ``at`` that its fence or the line above names."""
    opened = read_fence(lines[at])
    if opened is None:
        return None
    marks, info = opened
    above = next((line for line in reversed(lines[max(0, at - 2) : at]) if line.strip()), "")
    path = _path_in_info(info) or (path_in(above) if above else None)
    if path is None or info.split(" ")[0] in _NO_FILE:
        return None
    stop = _end(lines, at, marks)
    if any(line.startswith(_OTHER_DIALECTS) for line in lines[at + 1 : stop]):
        return None
    return ReadResult((Write(path, "".join(f"{line}\n" for line in lines[at + 1 : stop])),), stop + 1)


def _end(lines: Sequence[str], at: int, marks: str) -> int:
    """Return the closing line; fences inside open by a language."""
    depth = 0
    for number in range(at + 1, len(lines)):
        inner = read_fence(lines[number])
        if inner is None or not inner[0].startswith(marks):
            continue
        depth += 1 if inner[1] else -1
        if depth < 0:
            left = sum(line.startswith(marks) for line in lines[number + 1 :])
            if left % 2:
                raise ParseError(
                    f"It is unclear where the file at line {at + 1} of the answer ends; fence it with ````."
                )
            return number
    raise ParseError(f"The file that begins at line {at + 1} of the answer is not closed by {marks}.")


def _path_in_info(info: str) -> str | None:
    """Find a path: ``python:src/a.py``, ``python src/a.py``, ``src/a.py``."""
    for part in reversed(info.replace(":", " ").replace("title=", " ").split()):
        path = path_in(part.strip("\"'"))
        if path is not None:
            return path
    return None
