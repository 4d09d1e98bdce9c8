"""Find where quoted code stands (no I/O).

A finding, its comment and its proof all use this one answer. The quote decides, because models copy code better than
they count; a line number only chooses between places that fit equally well.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.github.text.anchors import Anchor
from bot.github.text.diffs import FileDiff, Hunk, Side
from bot.pulls.code_matches import EVERYWHERE, RUNGS, Code, match_misquoted, match_scattered, read_code
from bot.pulls.quotes import QuoteReading, read_quote, squeeze

# characters of a proof: a bracket stands everywhere, so less proves nothing and does not point to another file
_PROVING = 4
# claimed line numbers are rarely further off (bench/anchors_damage.py); comments rarely mean a line that the diff
# leaves as it is, and hardly ever one that it does not show
_OFF = 20
_HIDDEN = 60
# removed code is marked as such (its sign, or `removed` in the answer): else the new file is meant
_OTHER_SIDE = 10


class Place(NamedTuple):
    """Lines ``first`` to ``last`` of the old file (LEFT) or the new (RIGHT)."""

    side: Side
    first: int
    last: int
    quote: str
    part: str | None  # the piece that was quoted, "": whole lines, None: pieces were left out
    anchor: Anchor | None  # of a comment; None: not shown, or several places and no number chooses


def find_place(
    file: FileDiff,
    quote: str,
    line: int | None = None,
    side: Side | None = None,
    *,
    head: str | None = None,
    base: str | None = None,
    exact: bool = False,
) -> Place | None:
    """Find the place of ``quote`` in a changed file; None where it has none.

    ``line`` is the claimed number of the quote's first line, in the old file where deleted code is quoted; ``side`` the
    one that is meant where both fit. ``head`` and ``base`` are the file's texts; without them only the hunks are
    searched. The rungs are tried in order: whole lines; blanks ignored; layout and comments ignored; a part of the
    lines; lines that leave out others; unless ``exact``, lines with one word misquoted. Deleted code is on the left,
    everything else on the right.
    """
    stretches = [*_split_side(file, "RIGHT", head), *_split_side(file, "LEFT", base)]
    found = read_quote(quote)
    if exact:
        found = tuple(reading for reading in found if _proves("".join(reading.keys)))
    for rung, reading in itertools.product(RUNGS[:-1] if exact else RUNGS, found):
        matches = (
            match
            for stretch in stretches
            if reading.side in (None, stretch.side)
            for rows in rung(stretch.code, reading, stretch.path)
            if (match := _Match(stretch, stretch.start + rows.first, stretch.start + rows.last)).belongs
            and (rows.sure or (line is not None and not match.distance(line)))
        )
        fitting = list(dict.fromkeys(matches))
        if fitting:
            match, anchor = _choose(fitting, reading, line, side)
            lines = match.quote
            quoted = "\n".join(reading.texts)
            part: str | None = "" if rung is match_misquoted or squeeze(quoted) == squeeze(lines) else quoted
            part = None if reading.elided or rung is match_scattered else part
            return Place(match.side, match.first, match.last, lines, part, anchor)
    return None


def _proves(text: str) -> bool:
    """Return whether a quote says something by itself: no bracket, no keyword."""
    return len(text) >= _PROVING and text.rstrip(":;(),").lower() not in EVERYWHERE and any(map(str.isalnum, text))


def find_in_text(path: str, text: str, quote: str, line: int | None = None) -> Place | None:
    """Find exactly quoted code in a text without diff, nearest to ``line``."""
    unchanged = FileDiff(path=path, old_path=path, status="modified", binary=False, hunks=())
    return find_place(unchanged, quote, line or 1, head=text, exact=True)


def anchor_on_line(file: FileDiff, line: int) -> Anchor | None:
    """Return the anchor on a line of the new file, None off the diff."""
    anchors = (_anchor_lines(file.path, hunk, "RIGHT", line, line) for hunk in file.hunks)
    return next((anchor for anchor in anchors if anchor is not None), None)


@dataclass(frozen=True, eq=False)
class _Stretch:
    """Consecutive lines of a side: a whole file, or those of one hunk."""

    path: str
    side: Side
    code: Code
    start: int  # the first one's number
    changed: frozenset[int]  # numbers of lines that the diff adds to this side or removes
    hunks: Sequence[Hunk]


def _split_side(file: FileDiff, side: Side, text: str | None) -> list[_Stretch]:
    """Return a side's whole text where it is known, else its lines by hunk."""
    shown = [(hunk, lines) for hunk in file.hunks if (lines := hunk.on(side))]
    changed = frozenset(line.number(side) or 0 for _, lines in shown for line in lines if line.kind != " ")
    if text is not None:
        return [_Stretch(file.path, side, read_code(text), 1, changed, file.hunks)]
    return [
        _Stretch(file.path, side, Code([line.text for line in lines]), lines[0].number(side) or 0, changed, [hunk])
        for hunk, lines in shown
    ]


class _Match(NamedTuple):
    """Lines ``first`` to ``last`` of a stretch, by their numbers."""

    stretch: _Stretch
    first: int
    last: int

    @property
    def side(self) -> Side:
        return self.stretch.side

    @property
    def quote(self) -> str:
        start = self.stretch.start
        return "\n".join(self.stretch.code.texts[self.first - start : self.last - start + 1])

    @property
    def changed(self) -> list[int]:
        return [number for number in range(self.first, self.last + 1) if number in self.stretch.changed]

    @property
    def belongs(self) -> bool:
        """Return whether this side names it; the new file names unchanged lines."""
        return self.side == "RIGHT" or bool(self.changed)

    @property
    def anchor(self) -> Anchor | None:
        """Return where a comment may be attached.

        That is in the hunk of the first changed line; in the old file on deleted lines only.
        """
        changed = self.changed
        deleted = self.side == "LEFT"
        first = changed[0] if deleted else self.first
        last = changed[-1] if deleted else self.last
        found = (_anchor_lines(self.stretch.path, hunk, self.side, first, last) for hunk in self.stretch.hunks)
        anchors = [anchor for anchor in found if anchor is not None]
        holding = (one for one in anchors if changed and (one.start_line or one.line) <= changed[0] <= one.line)
        return next(holding, anchors[0] if anchors else None)

    def distance(self, line: int) -> int:
        return max(self.first - line, line - self.last, 0)


def _anchor_lines(path: str, hunk: Hunk, side: Side, first: int, last: int) -> Anchor | None:
    """Return the anchor on a range of lines, as far as the hunk shows them."""
    shown = [number for line in hunk.on(side) if first <= (number := line.number(side) or 0) <= last]
    if not shown:
        return None
    several = {"start_line": shown[0], "start_side": side} if shown[0] < shown[-1] else {}
    return Anchor(path=path, line=shown[-1], side=side, **several)


def _choose(
    matches: Sequence[_Match], reading: QuoteReading, line: int | None, side: Side | None
) -> tuple[_Match, Anchor | None]:
    """Choose the match that is meant, and its anchor.

    A number decides; else the only changed match, the only shown one, or the only one. Where none is the only one, it
    is the first, without an anchor.
    """
    preferred = side or "RIGHT"
    number = reading.line or line
    if number is not None:
        nearest = min(matches, key=lambda match: _rank_distance(match, number, line, preferred))
        return nearest, nearest.anchor
    changed = [match for match in matches if match.changed]
    shown = [match for match in matches if match.anchor is not None]
    among = changed or shown or list(matches)
    there = [match for match in among if match.side == preferred] or among
    return there[0], there[0].anchor if len(there) == 1 else None


def _rank_distance(match: _Match, number: int, line: int | None, side: Side) -> tuple[int, int]:
    """Rank how far a match is from the copied number, else the claimed one."""
    penalty = _OTHER_SIDE if match.side != side else 0
    if not match.changed:
        penalty += _OFF if match.anchor is not None else _HIDDEN
    off = match.distance(number)
    exact = -2 if match.changed else -1
    return (off + penalty if off else exact), match.distance(line or number) + penalty


# --- rungs: ways to match, the strictest first ----------------------------------------------------------------
