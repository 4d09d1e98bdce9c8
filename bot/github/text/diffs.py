"""Parse unified diffs as git prints them into files, hunks and numbered lines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.types import ForgehandError, JsonModel

Kind = Literal[" ", "+", "-"]
Side = Literal["LEFT", "RIGHT"]
Status = Literal["added", "modified", "removed", "renamed", "copied"]

_HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_NULL = "/dev/null"


class DiffError(ForgehandError):
    """The text is no diff of git's, or it is cut short."""


class DiffLine(JsonModel):
    """A line of a hunk."""

    kind: Kind
    old: int | None  # number from 1, None where it is not on that side; so ``new``
    new: int | None
    text: str  # without sign and newline, but with the CR of a CRLF

    def number(self, side: Side) -> int | None:
        return self.old if side == "LEFT" else self.new


class Hunk(JsonModel):
    """Lines that follow one another; ``section`` is behind the second ``@@``."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str
    lines: tuple[DiffLine, ...]

    def on(self, side: Side) -> tuple[DiffLine, ...]:
        """Return the lines of a side in their order, unchanged ones included."""
        return tuple(line for line in self.lines if line.number(side) is not None)


class FileDiff(JsonModel):
    """The changes of a file."""

    path: str
    old_path: str  # another one for renames and copies only
    status: Status
    binary: bool
    hunks: tuple[Hunk, ...]  # none: binary, empty, only moved, or only its mode changed
    mode: str = ""  # git's at the new side, "" where the diff does not tell

    def added_lines(self) -> frozenset[int]:
        """Numbers, in the new file, of the lines that the diff adds."""
        lines = itertools.chain.from_iterable(hunk.lines for hunk in self.hunks)
        return frozenset(line.new for line in lines if line.kind == "+" and line.new is not None)


def parse_diff(text: str) -> tuple[FileDiff, ...]:
    """Parse every file of a ``git diff``, in its order.

    A large diff (3 ms a thousand lines) is read off the event loop. git shows a file that becomes a link, a submodule
    or the other way round as removed and added; here it is one file. Raises :class:`DiffError`.
    """
    rows = text.removesuffix("\n").split("\n")
    found: list[FileDiff] = []
    at = 0
    while at < len(rows):
        if rows[at].startswith("diff --git "):
            section, at = _section(rows, at)
            file = section.file()
            if found and found[-1].path == file.path:
                file = _join(found.pop(), file)
            found.append(file)
        elif rows[at]:
            raise DiffError(f"Line {at + 1} of the diff belongs to no file: {rows[at][:80]!r}.")
        else:
            at += 1
    return tuple(found)


@dataclass
class _Section:
    """The part of a diff that speaks of one file, as it is read."""

    git: str
    extended: list[str] = field(default_factory=list)
    old: str | None = None
    new: str | None = None
    binary: bool = False
    hunks: list[Hunk] = field(default_factory=list)

    def file(self) -> FileDiff:
        old, new = self._paths()
        # A mode that did not change stands behind the blobs: ``index 1f2e..3d4c 100644``.
        mode = self._find_extended("new file mode ") or self._find_extended("new mode ")
        mode = mode or (self._find_extended("index ") or "").partition(" ")[2]
        found = (status for start, status in _STATUSES.items() if self._find_extended(start) is not None)
        return FileDiff(
            path=new,
            old_path=old,
            status=next(found, "modified"),
            binary=self.binary,
            hunks=tuple(self.hunks),
            mode=mode,
        )

    def _paths(self) -> tuple[str, str]:
        for verb in ("rename", "copy"):
            if (old := self._find_extended(f"{verb} from ")) is not None and (
                new := self._find_extended(f"{verb} to ")
            ) is not None:
                return unquote_path(old), unquote_path(new)
        known = self.new if self.old in (None, _NULL) else self.old
        path = known[2:] if known and known != _NULL else _only_path(self.git)
        return path, path

    def _find_extended(self, start: str) -> str | None:
        return next((line.removeprefix(start) for line in self.extended if line.startswith(start)), None)


_STATUSES: dict[str, Status] = {
    "new file mode ": "added", "deleted file mode ": "removed", "rename to ": "renamed", "copy to ": "copied",
}  # fmt: skip


def _section(rows: Sequence[str], at: int) -> tuple[_Section, int]:
    """Read the file that begins at row ``at``; the row after it follows."""
    section = _Section(rows[at].removeprefix("diff --git "))
    at += 1
    while at < len(rows) and rows[at] and not rows[at].startswith("diff --git "):
        row = rows[at]
        if row.startswith("@@ "):
            hunk, at = _hunk(rows, at)
            section.hunks.append(hunk)
            continue
        if row.startswith("--- "):
            section.old = unquote_path(row[4:].removesuffix("\t"))
        elif row.startswith("+++ "):
            section.new = unquote_path(row[4:].removesuffix("\t"))
        elif row.startswith(("Binary files ", "GIT binary patch")):
            section.binary = True
            at = next((n for n in range(at, len(rows)) if rows[n].startswith("diff --git ")), len(rows))
            break
        elif section.hunks:
            raise DiffError(f"Line {at + 1} of the diff is in no hunk by the count of the one above: {row[:80]!r}.")
        else:
            section.extended.append(row)
        at += 1
    return section, at


def _join(gone: FileDiff, come: FileDiff) -> FileDiff:
    """Return two sections about one path, whose kind changed, as one file."""
    pieces = (*gone.hunks, *come.hunks)
    if not pieces:
        return come.model_copy(update={"status": "modified", "binary": gone.binary or come.binary})
    whole = Hunk(
        old_start=gone.hunks[0].old_start if gone.hunks else 0,
        old_count=sum(hunk.old_count for hunk in pieces),
        new_start=come.hunks[0].new_start if come.hunks else 0,
        new_count=sum(hunk.new_count for hunk in pieces),
        section="",
        lines=tuple(line for hunk in pieces for line in hunk.lines),
    )
    return come.model_copy(update={"status": "modified", "hunks": (whole,)})


def _hunk(rows: Sequence[str], at: int) -> tuple[Hunk, int]:
    """Read the hunk at row ``at`` by its counts; return the row after too."""
    header = _HEADER.fullmatch(rows[at].removesuffix("\r"))
    if header is None:
        raise DiffError(f"Line {at + 1} of the diff is not a hunk header: {rows[at][:80]!r}.")
    old = (int(header[1]), int(header[2] or 1))
    new = (int(header[3]), int(header[4] or 1))
    lines, at = _lines(rows, at + 1, old, new)
    made = Hunk(
        old_start=old[0], old_count=old[1], new_start=new[0], new_count=new[1], section=header[5], lines=tuple(lines)
    )
    return made, at


def _lines(rows: Sequence[str], at: int, olds: tuple[int, int], news: tuple[int, int]) -> tuple[list[DiffLine], int]:
    """Read a hunk's lines by ``(start, count)``s; return the row after too."""
    old = olds[0]
    new = news[0]
    old_end = sum(olds)
    new_end = sum(news)
    lines: list[DiffLine] = []
    while at < len(rows) and (old < old_end or new < new_end or rows[at].startswith("\\")):
        sign = rows[at][:1] or " "
        text = rows[at][1:]
        if sign == " ":
            lines.append(DiffLine(kind=" ", old=old, new=new, text=text))
        elif sign == "-":
            lines.append(DiffLine(kind="-", old=old, new=None, text=text))
        elif sign == "+":
            lines.append(DiffLine(kind="+", old=None, new=new, text=text))
        elif sign != "\\":  # "\ No newline at end of file" speaks of the line above
            break
        old += sign in " -"
        new += sign in " +"
        at += 1
    if (old, new) != (old_end, new_end):
        raise DiffError(f"A hunk of the diff is cut short or miscounted at line {at}.")
    return lines, at


def _only_path(git: str) -> str:
    """Return the path of ``a/P b/P``: no other line names it."""
    if git.startswith('"') and (quoted := _QUOTED.match(git)):
        return unquote_path(quoted[0])[2:]
    return git[2 : len(git) // 2]


def unquote_path(path: str) -> str:
    """Return a path without git's quoting of controls, quotes, non-ASCII."""
    quoted = _QUOTED.fullmatch(path)
    if quoted is None:
        return path

    def unescape(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        return bytes([int(escape, 8) & 0xFF]) if len(escape) == 3 else _ESCAPES.get(escape, escape)

    return _ESCAPE.sub(unescape, quoted[1].encode()).decode(errors="replace")
