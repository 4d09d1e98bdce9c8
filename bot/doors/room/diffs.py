"""Read a patch into lines to show, as many as fit a page."""

from __future__ import annotations

from typing import Literal, NamedTuple

LineKind = Literal["file", "hunk", "added", "removed", "same"]


class DiffLine(NamedTuple):
    """A line of a patch as it is written there."""

    kind: LineKind
    text: str


class Diff(NamedTuple):
    """A patch, or the beginning of one.

    Lines and files are counted in what was read; ``cut``: there is more of it.
    """

    lines: tuple[DiffLine, ...]
    files: int
    added: int
    removed: int
    cut: bool


def read_diff(text: str, most: int, *, cut: bool = False) -> Diff:
    """Read a patch in git's format; at most so many lines are to be shown.

    ``cut``: the text itself is only the beginning.
    """
    lines = []
    inside = False  # a hunk: there `---` is a line that was removed
    for line in text.splitlines():
        if line.startswith("diff --git "):
            inside = False
        elif line.startswith("@@"):
            inside = True
        lines.append(DiffLine(_tell_kind(line, inside), line))
    kinds = [line.kind for line in lines]
    files = sum(line.startswith("diff --git ") for line in text.splitlines())
    return Diff(tuple(lines[:most]), files, kinds.count("added"), kinds.count("removed"), cut=cut or len(lines) > most)


def _tell_kind(line: str, inside: bool) -> LineKind:
    if not inside:
        return "file"
    if line.startswith("@@"):
        return "hunk"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")  # type: ignore[return-value]
