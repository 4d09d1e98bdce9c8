"""Whether a file already reads as an edit would leave it, so that nothing is ever applied twice."""

from __future__ import annotations

from bisect import bisect_left

from bot.edits.rungs import Placement, Rung
from bot.edits.splice import Splice
from bot.edits.text import Source, fold
from bot.edits.values import Hunk


def inside_already(text: str, hunk: Hunk, columns: tuple[int, int]) -> bool:
    """Whether the text around a fragment already reads as its replacement."""
    old, new = text[slice(*columns)], hunk.replace.replace("\r\n", "\n").strip("\n")
    leads = (lead for lead in range(len(new) - len(old) + 1) if new.startswith(old, lead))
    return any(lead <= columns[0] and text.startswith(new, columns[0] - lead) for lead in leads)


def there_already(source: Source, place: Placement, splice: Splice) -> int | None:
    """Return the row from which the file already reads as after a change that only adds or shifts lines."""
    lines, start = source.bodies[splice.start : splice.stop], splice.start
    row = _stands(source.bodies, start, lines, list(splice.lines)) if len(splice.lines) > len(lines) else None
    if row is not None:
        return row
    old, new = ([key for line in part if (key := fold(line).strip())] for part in (lines, splice.lines))
    if len(new) > len(old) or place.rung > Rung.FOLDED or place.blanks_differ:
        position = _stands(source.solid.keys, bisect_left(source.solid.rows, start), old, new)
        if position is not None and new:
            return source.solid.rows[position]
    return _added_already(source, splice)


def _stands(whole: list[str], at: int, old: list[str], new: list[str]) -> int | None:
    """Where ``new`` stands in ``whole`` such that the ``old`` lines in it are those at ``at``."""
    leads = (lead for lead in range(min(at, len(new) - len(old)) + 1) if new[lead : lead + len(old)] == old)
    return next((at - lead for lead in leads if whole[at - lead : at - lead + len(new)] == new), None)


def _added_already(source: Source, splice: Splice) -> int | None:
    """Return the row at which lines stand that would be added right beside them."""
    old, new = source.bodies[splice.start : splice.stop], list(splice.lines)
    same = next((n for n, (o, w) in enumerate(zip(old, new, strict=False)) if o != w), min(len(old), len(new)))
    added = new[same : len(new) - (len(old) - same)]
    at = splice.start + same
    if added and new[same + len(added) :] == old[same:]:
        for top in (at, at - len(added)):
            if top >= 0 and source.bodies[top : top + len(added)] == added:
                return top
    return None
