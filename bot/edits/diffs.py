"""Read unified diffs, by git or by a model.

The numbers in ``@@`` are never used to find a place. Format: https://git-scm.com/docs/diff-format.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from bot.edits.reader import ReadResult, parse_marked_hunk
from bot.edits.values import Delete, Edit, Hunk, ParseError, Rename, Replace, Write

_GIT = re.compile(r"diff --git (?P<paths>\S.*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_HEADER = re.compile(r"@@(?:\s*-(\d+)(?:,(\d+))?\s+\+(\d+)(?:,(\d+))?\s*@@|.*?@@|)\s?(.*)")
_EXTENDED = re.compile(r"(?:index|old|new|deleted file|similarity|dissimilarity|copy|rename|Binary|GIT binary)\b.*")
# what no edit does: a copy, a link, a submodule
_SPECIAL = re.compile(r"copy (?:from|to) |(?:new file mode|new mode) 1[26]0000\b")
_NULL = "/dev/null"


def read(lines: Sequence[str], at: int) -> ReadResult | None:
    """Read one file's changes from ``diff --git`` or ``---`` at line ``at``."""
    git = _GIT.fullmatch(lines[at])
    if git is None and not _names_files(lines, at):
        return None
    body = at + 1 if git else at
    while git and body < len(lines) and _EXTENDED.fullmatch(lines[body]):
        body += 1
    extended = lines[at + 1 : body] if git else []
    if (special := next(filter(_SPECIAL.match, extended), None)) is not None:
        raise ParseError(f"{special!r}: links, submodules and copies are not made. Write the new file whole.")
    named = _split_header(git["paths"].rstrip()) if git else None
    if body < len(lines) and _names_files(lines, body):
        old, new = _paths(lines[body], lines[body + 1], named)
        stop = _end(lines, body + 2)
        hunks = _read_strictly(lines[body + 2 : stop]) or _read_leniently(lines[body + 2 : stop])
        return ReadResult((_make_edit(old, new, extended, hunks),), stop)
    if named is None or not extended:
        return None
    return ReadResult(_read_without_text(*_without_prefixes(*named, named), extended), body)


def _split_header(paths: str) -> tuple[str, str]:
    """Split the two paths after ``diff --git``, as they are written.

    They are equal but for prefixes and renames, and may contain blanks. Where they differ and contain blanks, nothing
    says where the first one ends (renames repeat both below).
    """
    if quoted := _QUOTED.fullmatch(paths):
        return _unquote(quoted[1]), _unquote(quoted[2])
    old = paths[: len(paths) // 2]
    new = paths[len(paths) // 2 + 1 :]
    if old != new and old[1:] != new[1:]:
        old, found, new = paths.partition(" b/")
        if not found:
            old, _, new = paths.rpartition(" ")
        new = f"{found.strip()}{new}"
    return old, new


def _without_prefixes(old: str, new: str, header: tuple[str, str] | None) -> tuple[str, str]:
    """Take git's prefixes off two paths.

    They are ``a/`` and ``b/``, or other letters, or none (``diff.mnemonicPrefix``, ``diff.noprefix``): the header says
    which, since its paths are equal but for them.
    """
    if header is not None and header[0] == header[1] and {old, new, _NULL} == {header[0], _NULL}:
        return old, new
    for first, second in (_letters(header), ("a/", "b/")):
        if old.startswith((first, _NULL)) and new.startswith((second, _NULL)):
            return old.removeprefix(first), new.removeprefix(second)
    return old, new


def _letters(header: tuple[str, str] | None) -> tuple[str, str]:
    if header is not None and header[0][1:] == header[1][1:] and header[0][1:2] == "/":
        return header[0][:2], header[1][:2]
    return "a/", "b/"


def _unquote(path: str) -> str:
    """Undo git's quoting of a path (``core.quotePath``)."""

    def plain(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        return bytes([int(escape, 8) & 0xFF]) if len(escape) == 3 else _ESCAPES.get(escape, escape)

    return _ESCAPE.sub(plain, path.encode()).decode(errors="replace")


def _read_without_text(old: str, new: str, extended: Sequence[str]) -> tuple[Edit, ...]:
    """Read a part without lines: a move, an empty file, a new mode."""
    if any("inary" in line for line in extended):
        raise ParseError(f"The diff of {new} is binary; only text can be edited.")
    if any(line.startswith("rename ") for line in extended):
        return (_make_edit(old, new, extended, ()),)
    if any(line.startswith("deleted file") for line in extended):
        return (Delete(old),)
    return (Write(new, "", new=True),) if any(line.startswith("new file") for line in extended) else ()


def _names_files(lines: Sequence[str], at: int) -> bool:
    return at + 1 < len(lines) and lines[at].startswith("--- ") and lines[at + 1].startswith("+++ ")


def _paths(old: str, new: str, header: tuple[str, str] | None) -> tuple[str, str]:
    """Return both paths, without git's prefixes where both have them.

    A tab ends a path; without one, blanks around the path are not part of it.
    """
    split = [line[4:].partition("\t") for line in (old, new)]
    old, new = (_unquote_path(path if tab else path.strip()) for path, tab, _ in split)
    return _without_prefixes(old, new, header)


def _unquote_path(path: str) -> str:
    return _unquote(path[1:-1]) if len(path) > 1 and path[0] == path[-1] == '"' else path


def _end(lines: Sequence[str], body: int) -> int:
    """Return where the hunks end: next file, closing fence, or prose."""
    fenced = sum(line.startswith(("```", "~~~")) for line in lines[:body]) % 2 == 1
    for at in range(body, len(lines)):
        line = lines[at]
        if line.startswith(("diff --git ", "```", "~~~")) or _names_files(lines, at):
            return at
        if not fenced and line and line[0] not in " +-\\@\t":
            _check_rest(lines, at)
            return at
    return len(lines)


def _check_rest(lines: Sequence[str], at: int) -> None:
    """Raise ParseError where hunks go on after a gap: half is never applied."""
    for number in range(at, len(lines)):
        if lines[number].startswith("diff --git ") or _names_files(lines, number):
            return
        if lines[number].startswith("@@ "):
            raise ParseError(f"Line {at + 1} of the answer is in a diff but does not begin with a blank, + or -.")


def _make_edit(old: str, new: str, extended: Sequence[str], hunks: tuple[Hunk, ...]) -> Edit:
    named = dict(line.removeprefix("rename ").split(" ", 1) for line in extended if re.match(r"rename \w+ .", line))
    if named:
        return Rename(_unquote_path(named.get("from", old)), _unquote_path(named.get("to", new)), hunks)
    if new == _NULL:
        return Delete(old)
    if not hunks:
        raise ParseError(f"The diff of {new} has no hunk. Begin each with an @@ line.")
    if old == _NULL:
        return Write(new, "".join(hunk.replace for hunk in hunks), new=True)
    return Replace(new, hunks, ordered=True)


def _read_strictly(lines: Sequence[str]) -> tuple[Hunk, ...]:
    """Read the hunks by unidiff; none where it refuses or skips a line."""
    text = "".join(f"{line}\n" for line in lines).rstrip("\n") + "\n"
    try:
        patch = PatchSet(f"--- a/f\n+++ b/f\n{text}")
    except (UnidiffParseError, ValueError):
        return ()
    if len(patch) != 1 or sum(len(hunk) + 1 for file in patch for hunk in file) != text.count("\n"):
        return ()
    found = []
    for hunk in patch[0]:
        marked = [f"{line.line_type or chr(32)}{line.value.rstrip(chr(10))}" for line in hunk]
        found.append(_make_hunk(marked, hunk.section_header, hunk.source_start))
    return tuple(found)


def _read_leniently(lines: Sequence[str]) -> tuple[Hunk, ...]:
    found: list[Hunk] = []
    marked: list[str] = []
    header: re.Match[str] | None = None
    for line in [*_trim(lines), "@@"]:
        opened = _HEADER.fullmatch(line) if line.startswith("@@") else None
        if opened is None:
            marked.append(line if line else " ")
            continue
        if any(mark[0] in "+-" for mark in marked):
            found.append(_make_hunk(marked, header[5] if header else "", _old_line(header, marked)))
        marked = []
        header = opened
    return tuple(found)


def _trim(lines: Sequence[str]) -> Sequence[str]:
    stop = len(lines)
    while stop and not lines[stop - 1].strip():
        stop -= 1
    return lines[:stop]


def _old_line(header: re.Match[str] | None, marked: Sequence[str]) -> int | None:
    """Return the old line number if the counts show a complete hunk."""
    if header is None or header[1] is None:
        return None
    old = sum(line[0] not in "+\\" for line in marked)
    new = sum(line[0] not in "-\\" for line in marked)
    return int(header[1]) if (old, new) == (int(header[2] or 1), int(header[4] or 1)) else None


def _make_hunk(marked: Sequence[str], section: str, line: int | None) -> Hunk:
    end_newline = None
    for above, mark in itertools.pairwise(marked):
        if mark[0] == "\\":
            end_newline = {"-": True, "+": False}.get(above[0], end_newline)
    hunk = parse_marked_hunk([mark for mark in marked if mark[0] != "\\"])
    return replace(hunk, anchors=(section.strip(),) if section.strip() else (), line=line, end_newline=end_newline)
