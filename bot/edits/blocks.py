"""Read SEARCH/REPLACE blocks.

It knows the dialects of aider (https://aider.chat/docs/more/edit-formats.html), Agentless, Cline, Roo and git's
conflict markers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.edits.reader import ReadResult, path_above, path_in
from bot.edits.values import Edit, Hunk, ParseError, Replace

_OPEN = re.compile(r"\s*(?:<{5,9}|-{5,9})\s*(?:SEARCH|ORIGINAL|HEAD|OLD|BEFORE)\b\s*:?>?\s*(.*)", re.I)
_DIVIDER = re.compile(r"\s*={5,9}\s*")
_CLOSE = re.compile(r"\s*(?:>{5,9}|\+{5,9})\s*(?:REPLACE|UPDATED?|NEW|AFTER|MODIFIED|HEAD)?\b.*", re.I)
_ROO_LINE = re.compile(r"\s*:(?:start|end)_line:\s*\d+\s*|\s*-{7}\s*")


def read(lines: Sequence[str], at: int) -> ReadResult | None:
    """Read the block at line ``at``; no path written near means ""."""
    opened = _OPEN.fullmatch(lines[at])
    if opened is None:
        return None
    stop = next((n for n in range(at + 1, len(lines)) if _CLOSE.fullmatch(lines[n]) or _OPEN.fullmatch(lines[n])), None)
    if stop is None or not _CLOSE.fullmatch(lines[stop]):
        raise ParseError(f"The SEARCH/REPLACE block at line {at + 1} of the answer is not closed by >>>>>>> REPLACE.")
    dividers = [n for n in range(at + 1, stop) if _DIVIDER.fullmatch(lines[n])]
    if len(dividers) != 1:
        found = "no" if not dividers else "more than one"
        raise ParseError(
            f"The SEARCH/REPLACE block at line {at + 1} of the answer has {found} ======= line between its halves."
        )
    start = at + 1
    if lines[start].lstrip().startswith(":start_line:"):
        start = next(n for n in range(start, dividers[0] + 1) if not _ROO_LINE.fullmatch(lines[n]))
    path = path_in(opened[1]) if opened[1] else None
    hunk = Hunk(_text(lines[start : dividers[0]]), _text(lines[dividers[0] + 1 : stop]))
    return ReadResult((Replace(path or path_above(lines, at) or "", (hunk,)),), stop + 1)


def fill_paths(edits: Sequence[Edit], before: Sequence[Edit]) -> list[Edit]:
    """Give a block without a path the file of the edit before it."""
    done: list[Edit] = []
    for edit in edits:
        if not edit.path:
            if not before:
                raise ParseError("A block does not say which file it is for. Write the path on the line above it.")
            edit = replace(edit, path=before[-1].path)
        done.append(edit)
    return done


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
