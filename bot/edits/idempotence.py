"""Detect an edit that was applied already, so that none is applied twice."""

from __future__ import annotations

from bisect import bisect_left

from bot.edits.rungs import Placement, Rung
from bot.edits.splice import Splice
from bot.edits.text import Source, fold
from bot.edits.values import Hunk


def is_fragment_replaced(text: str, hunk: Hunk, columns: tuple[int, int]) -> bool:
    """Return whether the text around a fragment is its replacement already."""
    old = text[slice(*columns)]
    new = hunk.replace.replace("\r\n", "\n").strip("\n")
    leads = (lead for lead in range(len(new) - len(old) + 1) if new.startswith(old, lead))
    return any(lead <= columns[0] and text.startswith(new, columns[0] - lead) for lead in leads)


def find_applied_row(source: Source, place: Placement, splice: Splice) -> int | None:
    """Return the row from which the file reads as after the change.

    Returns None unless the change adds or shifts lines: no other can be recognised.
    """
    start = splice.start
    lines = source.bodies[start : splice.stop]
    row = _find_around(source.bodies, start, lines, list(splice.lines)) if len(splice.lines) > len(lines) else None
    if row is not None:
        return row
    old, new = ([key for line in part if (key := fold(line).strip())] for part in (lines, splice.lines))
    if len(new) > len(old) or place.rung > Rung.FOLDED or place.blanks_differ:
        position = _find_around(source.solid.keys, bisect_left(source.solid.rows, start), old, new)
        if position is not None and new:
            return source.solid.rows[position]
    return _find_added_row(source, splice)


def _find_around(whole: list[str], at: int, old: list[str], new: list[str]) -> int | None:
    """Find ``new`` in ``whole`` so that its ``old`` lines are those at ``at``."""
    leads = (lead for lead in range(min(at, len(new) - len(old)) + 1) if new[lead : lead + len(old)] == old)
    return next((at - lead for lead in leads if whole[at - lead : at - lead + len(new)] == new), None)


def _find_added_row(source: Source, splice: Splice) -> int | None:
    """Return the row of lines that would be added right beside them."""
    old = source.bodies[splice.start : splice.stop]
    new = list(splice.lines)
    same = next((n for n, (o, w) in enumerate(zip(old, new, strict=False)) if o != w), min(len(old), len(new)))
    added = new[same : len(new) - (len(old) - same)]
    at = splice.start + same
    if added and new[same + len(added) :] == old[same:]:
        for top in (at, at - len(added)):
            if top >= 0 and source.bodies[top : top + len(added)] == added:
                return top
    return None
