"""Where a comment on quoted code may hang: a place in one hunk that GitHub accepts, or none (no I/O).

The quote decides, because models copy code better than they count; a line number only chooses between places that
fit equally well.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property

from bot.github.text.diffs import DiffLine, FileDiff, Hunk, Side
from bot.types import JsonModel

_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_NUMBERED = re.compile(r"\s*\d+ ?[|:\t] ?|$")
_SIGNED = re.compile(r"[+ -]|$")
_ELISION = re.compile(r"\s*(?:#|//|/\*|--)?\s*(?:\.{3}|…)\s*(?:\*/)?\s*")

# a piece of fewer characters says nothing by itself
_TELLING = 6
# how much of two lines must agree to be the same one with a word altered: anywhere, and on the claimed number
# (measured by bench/anchors.py)
_ALIKE = 0.75
_ALIKE_THERE = 0.5
# by how much the best of several lookalikes must beat the others where no number decides
_MARGIN = 0.05
# claimed numbers are rarely further off; comments rarely mean a line that the diff leaves as it is
_OFF = 20


class Anchor(JsonModel):
    """A place of a review comment, as GitHub's API takes it. ``line`` is the last line, ``start_line`` the first where
    there are several; both stand in the same hunk, on ``side``: LEFT (the old file) or RIGHT (the new one).
    """

    path: str
    line: int
    side: Side
    start_line: int | None = None
    start_side: Side | None = None


def place(
    file: FileDiff, quote: str, line: int | None = None, side: Side | None = None, *, text: str = ""
) -> Anchor | None:
    """The place of ``quote`` in the file's hunks; None where it is not there, or several times and no number chooses.

    ``line`` is the claimed number of the quote's first line, in the old file where deleted code is quoted. ``side`` is
    looked at first (RIGHT, if not told). Without a quote the number alone is taken where the diff shows that line.
    With the ``text`` of the whole file, code that stands elsewhere in it is not taken for code that reads alike.
    The ladder: whole lines; blanks ignored; a part of the lines; lines with a word altered; the end of a quote that
    begins above the hunk or goes on below it. Milliseconds for usual files, up to a second for huge ones.
    """
    sides: tuple[Side, ...] = ("LEFT", "RIGHT") if side == "LEFT" else ("RIGHT", "LEFT")
    stretches = [_Stretch(hunk, each) for each in sides for hunk in file.hunks]
    readings = _readings(quote)
    if not readings:
        return _numbered(file, sides[0], line)
    key = _key(text)
    for rung, reading, each in itertools.product(_LADDER, readings, sides):
        if reading.side not in (None, each) or (rung is _alike and "".join(reading.keys) in key):
            continue
        found = [span for stretch in stretches if stretch.side == each for span in rung(stretch, reading, line)]
        spans = [shown for span in found if (shown := span.on_its_side()) is not None]
        if spans:
            chosen = _chosen(spans, line)
            return chosen.anchor(file.path) if chosen else None
    return None


def _numbered(file: FileDiff, side: Side, line: int | None) -> Anchor | None:
    shown = any(each.number(side) == line for hunk in file.hunks for each in hunk.lines)
    return Anchor(path=file.path, line=line, side=side) if shown and line is not None else None


class _Stretch:
    """What one hunk shows of one side. ``solid``: the rows that are not blank, ``keys``: their text without blanks."""

    def __init__(self, hunk: Hunk, side: Side) -> None:
        self.side: Side = side
        self.lines = hunk.on(side)
        self.texts = tuple(line.text.rstrip() for line in self.lines)
        self.solid = tuple(row for row, text in enumerate(self.texts) if text)
        self.keys = tuple(_key(self.texts[row]) for row in self.solid)

    def span(self, first: int, last: int) -> _Span:
        """From one solid line to another, by their positions among the solid ones."""
        return _Span(self, self.solid[first], self.solid[last])


@dataclass(frozen=True)
class _Span:
    """The rows ``first`` to ``last`` of a stretch, and how well they fit, up to 1."""

    stretch: _Stretch
    first: int
    last: int
    score: float = 1.0

    @property
    def lines(self) -> tuple[DiffLine, ...]:
        return self.stretch.lines[self.first : self.last + 1]

    @property
    def changed(self) -> bool:
        return any(line.kind != " " for line in self.lines)

    def on_its_side(self) -> _Span | None:
        """On the left only from one deleted line to another: unchanged lines belong to the right."""
        if self.stretch.side == "RIGHT":
            return self
        deleted = [row for row in range(self.first, self.last + 1) if self.stretch.lines[row].kind == "-"]
        return replace(self, first=deleted[0], last=deleted[-1]) if deleted else None

    def claimed(self, line: int | None) -> bool:
        return line is not None and self.off(line) == 0

    def off(self, line: int) -> int:
        """How many lines the claimed number is away."""
        first, last = (each.number(self.stretch.side) or 0 for each in (self.lines[0], self.lines[-1]))
        return max(first - line, line - last, 0)

    def anchor(self, path: str) -> Anchor:
        side = self.stretch.side
        first, last = (each.number(side) for each in (self.lines[0], self.lines[-1]))
        assert first is not None
        assert last is not None
        several = {"start_line": first, "start_side": side} if first < last else {}
        return Anchor(path=path, line=last, side=side, **several)


def _chosen(spans: Sequence[_Span], line: int | None) -> _Span | None:
    """The one that is meant among equally good ones: by number, else the only one, else the only changed one."""
    best = max(span.score for span in spans)
    equals = [span for span in spans if span.score >= best - _MARGIN]
    if line is not None:
        return min(equals, key=lambda span: (span.off(line) + (0 if span.changed else _OFF)) if span.off(line) else -1)
    for among in (equals, [span for span in equals if span.changed]):
        if len(among) == 1:
            return among[0]
    return None


# --- what a quote may mean ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reading:
    """The lines that a quote may stand for; ``side`` where its signs say so."""

    texts: tuple[str, ...]
    side: Side | None = None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(_key(text) for text in self.texts if text)


def _readings(quote: str) -> tuple[_Reading, ...]:
    """The quote as it is, then without line numbers, diff signs and left out lines; none where it is blank."""
    lines = [line for line in quote.replace("\r\n", "\n").split("\n") if not _FENCE.match(line)]
    plain = [lines]
    if all(_NUMBERED.match(line) for line in lines):
        plain.append([_NUMBERED.sub("", line, count=1) for line in lines])
    found = [_Reading(_trimmed(each)) for each in plain]
    for each in plain:
        if any(line[:1] in ("+", "-") for line in each) and all(_SIGNED.match(line) for line in each):
            found.append(_Reading(_trimmed([line[1:] for line in each if line[:1] != "-"]), "RIGHT"))
            found.append(_Reading(_trimmed([line[1:] for line in each if line[:1] != "+"]), "LEFT"))
    found += [_Reading(_longest_piece(each.texts), each.side) for each in found]
    return tuple(each for each in dict.fromkeys(found) if each.keys)


def _trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    texts = [line.rstrip() for line in lines]
    solid = [row for row, text in enumerate(texts) if text]
    return tuple(texts[solid[0] : solid[-1] + 1]) if solid else ()


def _longest_piece(texts: Sequence[str]) -> tuple[str, ...]:
    """Of a quote that leaves lines out, what it quotes in one go."""
    pieces: list[list[str]] = [[]]
    for text in texts:
        if _ELISION.fullmatch(text):
            pieces.append([])
        else:
            pieces[-1].append(text)
    return _trimmed(max(pieces, key=lambda piece: sum(map(len, piece))))


def _key(text: str) -> str:
    """A line without any blanks."""
    return "".join(text.split())


# --- the ladder --------------------------------------------------------------------------------------------


def _whole(stretch: _Stretch, reading: _Reading, line: int | None) -> Iterator[_Span]:
    """The very lines; trailing blanks do not count."""
    for row in _runs(stretch.texts, reading.texts):
        yield _Span(stretch, row, row + len(reading.texts) - 1)


def _folded(stretch: _Stretch, reading: _Reading, line: int | None) -> Iterator[_Span]:
    """The lines but for their blanks and blank lines."""
    for row in _runs(stretch.keys, reading.keys):
        yield stretch.span(row, row + len(reading.keys) - 1)


def _part(stretch: _Stretch, reading: _Reading, line: int | None) -> Iterator[_Span]:
    """A piece of the text, blanks aside, wherever its lines begin and end; a very short one on the claimed line."""
    wanted = "".join(reading.keys).strip(".…")
    text = "".join(stretch.keys)
    ends = list(itertools.accumulate(map(len, stretch.keys)))
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        span = stretch.span(bisect_right(ends, at), bisect_right(ends, at + len(wanted) - 1))
        if len(wanted) >= _TELLING or span.claimed(line):
            yield span
        at = text.find(wanted, at + 1)


def _alike(stretch: _Stretch, reading: _Reading, line: int | None) -> Iterator[_Span]:
    """As many lines, each much like the quoted one; on the claimed number less will do."""
    count = len(reading.keys)
    if len("".join(reading.keys)) < _TELLING:
        return
    quoted = [(SequenceMatcher(None, "", key, autojunk=False), len(key)) for key in reading.keys]
    for row in range(len(stretch.keys) - count + 1):
        span = stretch.span(row, row + count - 1)
        floor = _ALIKE_THERE if span.claimed(line) else _ALIKE
        score = _agreement(quoted, stretch.keys[row : row + count], floor)
        if score >= floor:
            yield replace(span, score=score)


def _overhanging(stretch: _Stretch, reading: _Reading, line: int | None) -> Iterator[_Span]:
    """The lines that the hunk shows of a quote which begins above it or goes on below it."""
    found = SequenceMatcher(None, reading.keys, stretch.keys, autojunk=False).find_longest_match()
    above = found.b == 0 and found.a > 0
    below = found.b + found.size == len(stretch.keys) and found.a + found.size < len(reading.keys)
    shown = "".join(reading.keys[found.a : found.a + found.size])
    if (above or below) and len(shown) >= _TELLING:
        yield stretch.span(found.b, found.b + found.size - 1)


_LADDER: tuple[Callable[[_Stretch, _Reading, int | None], Iterable[_Span]], ...] = (
    _whole,
    _folded,
    _part,
    _alike,
    _overhanging,
)


def _runs(texts: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    """Where ``wanted`` begins in ``texts``."""
    for row in range(len(texts) - len(wanted) + 1):
        if texts[row] == wanted[0] and texts[row : row + len(wanted)] == wanted:
            yield row


def _agreement(quoted: Sequence[tuple[SequenceMatcher[str], int]], keys: Sequence[str], floor: float) -> float:
    """How alike the lines are, weighed by their length; 0 as soon as it cannot reach ``floor``."""
    total = sum(length for _, length in quoted)
    lost = 0.0
    for (matcher, length), key in zip(quoted, keys, strict=True):
        matcher.set_seq1(key)
        for bound in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio):
            unlike = (1 - bound()) * length
            if lost + unlike > (1 - floor) * total:
                return 0.0
        lost += unlike
    return 1 - lost / total
