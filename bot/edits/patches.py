"""Read ``*** Begin Patch``, the format of codex's apply_patch.

https://github.com/openai/codex/blob/main/codex-rs/apply-patch/apply_patch_tool_instructions.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.edits.reader import ReadResult, parse_marked_hunk
from bot.edits.values import Delete, Edit, Hunk, ParseError, Rename, Replace, Write

_ADD = "*** Add File: "
_DELETE = "*** Delete File: "
_UPDATE = "*** Update File: "
_MOVE = "*** Move to: "
_EOF = "*** End of File"


def read(lines: Sequence[str], at: int) -> ReadResult | None:
    """Read the whole patch that begins at line ``at``."""
    if lines[at].strip() != "*** Begin Patch":
        return None
    stop = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == "*** End Patch"), None)
    if stop is None:
        raise ParseError("The patch is not closed by *** End Patch.")
    edits: list[Edit] = []
    number = at + 1
    while number < stop:
        end = next((n for n in range(number + 1, stop) if _is_head(lines[n])), stop)
        if _is_head(lines[number]):
            edits.append(_read_edit(lines[number].rstrip(), lines[number + 1 : end]))
        elif lines[number].strip():
            raise ParseError(f"Line {number + 1} of the answer should name a file: *** Update File: path")
        number = end if _is_head(lines[number]) else number + 1
    if not edits:
        raise ParseError("The patch names no file.")
    return ReadResult(tuple(edits), stop + 1)


def _is_head(line: str) -> bool:
    return line.startswith((_ADD, _DELETE, _UPDATE))


def _read_edit(head: str, body: Sequence[str]) -> Edit:
    if head.startswith(_DELETE):
        return Delete(head.removeprefix(_DELETE).strip())
    if head.startswith(_ADD):
        text = "".join(f"{line.removeprefix('+')}\n" for line in body)
        return Write(head.removeprefix(_ADD).strip(), text, new=True)
    path = head.removeprefix(_UPDATE).strip()
    if body and body[0].startswith(_MOVE):
        return Rename(path, body[0].removeprefix(_MOVE).strip(), _read_hunks(body[1:]))
    hunks = _read_hunks(body)
    if not hunks:
        raise ParseError(f"The patch of {path} changes nothing.")
    return Replace(path, hunks, ordered=True)


def _read_hunks(body: Sequence[str]) -> tuple[Hunk, ...]:
    found: list[Hunk] = []
    anchors: list[str] = []
    marked: list[str] = []
    for line in [*body, "@@"]:
        if line.startswith("@@"):
            if any(mark[0] in "+-" for mark in marked):
                found.append(_make_hunk(marked, anchors))
                anchors = []
            name = line.removeprefix("@@").removesuffix("@@").strip()
            if name:
                anchors.append(name)
            marked = []
        elif line.rstrip() == _EOF or line[:1] in ("+", "-", " ", "\t", ""):
            marked.append(line or " ")
        else:
            raise ParseError(f"A line of the patch begins neither with a blank, + nor -: {line[:80]}")
    return tuple(found)


def _make_hunk(marked: Sequence[str], anchors: Sequence[str]) -> Hunk:
    lines = [mark for mark in marked if mark.rstrip() != _EOF]
    while lines and not lines[-1].strip():
        lines.pop()
    return replace(
        parse_marked_hunk(lines), anchors=tuple(anchors), at_end=any(mark.rstrip() == _EOF for mark in marked)
    )
