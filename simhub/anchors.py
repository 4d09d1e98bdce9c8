"""Resolve the places of review comments in a diff, and refuse every other place as GitHub does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simhub.gitrepo import FileChange
from simhub.model import Anchor

_HEADER = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True)
class DiffLine:
    """A line of a patch. ``old`` and ``new`` are its numbers on either side; ``position`` counts from the first @@."""

    hunk: int
    position: int
    sign: str
    old: int | None
    new: int | None
    text: str


class AnchorError(Exception):
    """The place is not in the diff. ``field`` names the offending part, the message is GitHub's."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def lines_of(patch: str) -> list[DiffLine]:
    """All commentable lines of a patch, context lines included."""
    found: list[DiffLine] = []
    hunk, old, new = -1, 0, 0
    for position, text in enumerate(patch.split("\n")):
        if header := _HEADER.match(text):
            hunk = hunk + 1
            old = int(header[1])
            new = int(header[2])
            continue
        sign = text[:1] or " "
        if sign == "\\":
            continue
        found.append(DiffLine(hunk, position, sign, old if sign != "+" else None, new if sign != "-" else None, text))
        old, new = old + (sign != "+"), new + (sign != "-")
    return found


def _at(lines: list[DiffLine], side: str, number: int) -> DiffLine | None:
    """LEFT is for deleted lines and context, RIGHT for added lines and context."""
    return next((line for line in lines if (line.old if side == "LEFT" else line.new) == number), None)


def resolve(
    changes: Sequence[FileChange],
    path: str,
    line: int | None = None,
    side: str = "RIGHT",
    start_line: int | None = None,
    start_side: str | None = None,
    position: int | None = None,
    whole_file: bool = False,
) -> Anchor:
    """Return the anchor for a requested place; raises AnchorError."""
    change = next((change for change in changes if change.path == path), None)
    if change is None:
        raise AnchorError("path", "Path could not be resolved")
    if whole_file:
        return Anchor(path, None)
    lines = lines_of(change.patch or "")
    if position is not None and line is None:
        return _by_position(path, change.patch or "", lines, position)
    end = _at(lines, side, line) if line is not None else None
    if end is None or line is None:
        raise AnchorError("line", "Line could not be resolved")
    if start_line is not None:
        _check_start(lines, end, line, side, start_line, start_side or side)
        start_side = start_side or side
    return Anchor(path, line, side, start_line, start_side, _hunk_up_to(change.patch or "", end), end.position)


def _check_start(lines: list[DiffLine], end: DiffLine, line: int, side: str, start_line: int, start_side: str) -> None:
    if start_side == side and start_line >= line:
        raise AnchorError("start_line", "Pull request review thread start line must precede the end line.")
    start = _at(lines, start_side, start_line)
    if start is None or start.hunk != end.hunk:
        raise AnchorError(
            "start_line", "Pull request review thread start line must be part of the same hunk as the line."
        )


def anchored(anchor: Anchor) -> list[str]:
    """Return the lines of the new file that an anchor spans.

    A suggestion there would replace them.
    """
    if anchor.line is None or anchor.side != "RIGHT":
        return []
    lines = {line.new: line.text[1:] for line in lines_of(anchor.hunk) if line.new is not None}
    return [lines[number] for number in range(anchor.start_line or anchor.line, anchor.line + 1) if number in lines]


def _by_position(path: str, patch: str, lines: list[DiffLine], position: int) -> Anchor:
    found = next((line for line in lines if line.position == position), None)
    if found is None:
        raise AnchorError("position", "Position could not be resolved")
    side = "LEFT" if found.sign == "-" else "RIGHT"
    number = found.old if side == "LEFT" else found.new
    return Anchor(path, number, side, hunk=_hunk_up_to(patch, found), position=found.position)


def _hunk_up_to(patch: str, end: DiffLine) -> str:
    """``diff_hunk``: from the hunk's header to the anchored line."""
    rows = patch.split("\n")
    start = max(i for i in range(end.position + 1) if _HEADER.match(rows[i]))
    return "\n".join(rows[start : end.position + 1])
