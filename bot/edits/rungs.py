"""Define the rungs, and when lines are the same on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from bot.edits.text import Source, View, fold, indent_of, split_lines

Span = tuple[int, int]
# A place may have at most this many times the lines of the search.
MAX_STRETCH = 1.5


class Rung(IntEnum):
    """Way in which a place was found, the strictest first."""

    EXACT = 1
    FOLDED = 2
    SHIFTED = 3
    FIRST_LINE = 4
    INDENTS = 5
    ELIDED = 6
    PASSED_OVER = 7
    FRAGMENT = 8
    REFLOWED = 9
    MISQUOTED = 10


RUNG_WORDS = {
    Rung.EXACT: "exact lines",
    Rung.FOLDED: "but for trailing blanks or look-alike characters",
    Rung.SHIFTED: "indentation shifted",
    Rung.FIRST_LINE: "first line's indentation lost",
    Rung.INDENTS: "indentation differs",
    Rung.ELIDED: "around elided text",
    Rung.PASSED_OVER: "passing over comments",
    Rung.FRAGMENT: "part of a line",
    Rung.REFLOWED: "line breaks differ",
    Rung.MISQUOTED: "unchanged lines differ",
}


@dataclass(frozen=True)
class Placement:
    """Place of a hunk."""

    rung: Rung
    spans: tuple[Span, ...]  # rows ``(start, stop)`` of each search line; empty for a blank or comment the file lacks
    blanks_differ: bool = False
    # of a fragment or reflowed place, which has one span: offsets into :attr:`Source.joined`
    columns: tuple[int, int] | None = None

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def stop(self) -> int:
        return self.spans[-1][1]


@dataclass(frozen=True)
class Block:
    """Lines to look for."""

    lines: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Block:
        return cls(tuple(split_lines(text)))

    @cached_property
    def keys(self) -> list[str]:
        return [fold(line).strip() for line in self.lines]

    @cached_property
    def solid(self) -> View:
        """Return its lines that are not blank."""
        return View.of(self.keys, (number for number, key in enumerate(self.keys) if key))

    @cached_property
    def code(self) -> View:
        """Return its lines that are neither blank nor comment."""
        return View.without_comments(self.keys)


def pick_best(placements: Iterable[Placement]) -> list[Placement]:
    """Keep the best rung's placements, those with equal blank lines first."""
    found = list(placements)
    top = min(((place.rung, place.blanks_differ) for place in found), default=None)
    return [place for place in found if (place.rung, place.blanks_differ) == top]


def spans_of(
    source: Source, block: Block, numbers: Sequence[int], rows: Sequence[int]
) -> tuple[tuple[Span, ...], bool]:
    """Return the rows of a block's lines, and whether the others differ."""
    spans: list[Span] = []
    at = rows[0]
    for key in reversed(block.keys[: numbers[0]]):
        above = at - 1 if at > 0 and source.keys[at - 1] == key else at
        spans.append((above, at))
        at = above
    spans.reverse()
    differ = any(start == stop for start, stop in spans)
    for number, following, row, end in zip(
        numbers, [*numbers[1:], len(block.keys)], rows, [*rows[1:], None], strict=True
    ):
        spans.append((row, row + 1))
        limit = len(source.keys) if end is None else end
        at = row + 1
        for key in block.keys[number + 1 : following]:
            stop = limit if end is not None else min(limit, at + 1)
            there = next((row for row in range(at, stop) if source.keys[row] == key), None)
            spans.append((at, at) if there is None else (there, there + 1))
            differ = differ or there != at
            at = at if there is None else there + 1
        differ = differ or (end is not None and at != end)
    return tuple(spans), differ


def rung_of(pairs: Sequence[tuple[str, str]]) -> Rung:
    """Return the strictest rung for pairs that differ in outer blanks."""
    if all(ours == actual for ours, actual in pairs):
        return Rung.EXACT
    indents = [(indent_of(ours), indent_of(actual)) for ours, actual in pairs if ours.strip()]
    if all(ours == actual for ours, actual in indents):
        return Rung.FOLDED
    if _is_shift(indents):
        return Rung.SHIFTED
    if all(ours == actual for ours, actual in indents[1:]):
        return Rung.FIRST_LINE
    return Rung.INDENTS


def _is_shift(indents: Sequence[tuple[str, str]]) -> bool:
    """Return whether taking off, or adding, blanks in front fits all pairs."""
    ours, actual = indents[0]
    off = ours[: max(0, len(ours) - len(actual))]
    on = actual[: max(0, len(actual) - len(ours))]
    return all(mine.startswith(off) and on + mine[len(off) :] == real for mine, real in indents)
