"""Finding the one place of a file that a hunk means: a ladder of rungs, each of which must give exactly one place.

Every rung compares whole lines and is sure of each of them: what differs is white space at most, text the hunk
itself says it left out, or comments it passed over. Nothing is ever found by similarity.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from bot.edits.text import Source, fold, indent_of, is_elision, split_lines
from bot.edits.values import Hunk

MAX_CHAINS = 10_000


class Rung(IntEnum):
    """How a place was found, best first."""

    EXACT = 1
    FOLDED = 2
    SHIFTED = 3
    FIRST_LINE = 4
    INDENTS = 5
    ELIDED = 6
    PASSED_OVER = 7
    FRAGMENT = 8


RUNG_WORDS = {
    Rung.EXACT: "exact lines",
    Rung.FOLDED: "but for trailing blanks or look-alike characters",
    Rung.SHIFTED: "indentation shifted",
    Rung.FIRST_LINE: "first line's indentation lost",
    Rung.INDENTS: "indentation differs",
    Rung.ELIDED: "around elided text",
    Rung.PASSED_OVER: "passing over comments or docstrings",
    Rung.FRAGMENT: "part of a line",
}


@dataclass(frozen=True)
class Placement:
    """Where a hunk goes. ``spans`` holds, for each search line, the rows ``(start, stop)`` it stands for.

    A blank line the file lacks has an empty span; an elision spans the text it left out. For a fragment
    ``columns`` are the offsets into :attr:`Source.joined` and the spans are empty.
    """

    rung: Rung
    spans: tuple[tuple[int, int], ...]
    blanks_differ: bool = False
    columns: tuple[int, int] | None = None

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def stop(self) -> int:
        return self.spans[-1][1]


@dataclass(frozen=True)
class Block:
    """The lines to look for."""

    lines: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Block:
        return cls(tuple(split_lines(text)))

    @cached_property
    def keys(self) -> list[str]:
        return [fold(line).strip() for line in self.lines]

    @cached_property
    def solid(self) -> list[int]:
        return [number for number, key in enumerate(self.keys) if key]

    @cached_property
    def solid_keys(self) -> list[str]:
        return [self.keys[number] for number in self.solid]


def candidates(source: Source, hunk: Hunk) -> list[Placement]:
    """Every place of the best rung at which the hunk is found at all, in file order. One means: here."""
    block = Block.of(hunk.search)
    found = _best(_whole_lines(source, block))
    if not found and any(is_elision(line) for line in block.lines):
        found = list(_around_elisions(source, block))
    if not found:
        found = list(_passing_over(source, block))
    if not found:
        found = list(_fragments(source, hunk.search))
    return _in_reach(source, hunk, found)


def _best(placements: list[Placement]) -> list[Placement]:
    best = min(((place.rung, place.blanks_differ) for place in placements), default=None)
    return [place for place in placements if (place.rung, place.blanks_differ) == best]


def _in_reach(source: Source, hunk: Hunk, found: list[Placement]) -> list[Placement]:
    if hunk.open_above:
        found = [place for place in found if place.start in (0, (hunk.line or 0) - 1)]
    if hunk.at_end:
        found = [place for place in found if not any(source.keys[place.stop :])]
    if len(found) > 1 and hunk.anchors:
        found = [place for place in found if _under(source, place.start, hunk.anchors)]
    return found


def _under(source: Source, row: int, anchors: Sequence[str]) -> bool:
    """Whether the last anchor heads a block that ``row`` is in, the one before it that block, and so on."""
    for anchor in reversed(anchors):
        key = fold(anchor).strip()
        heads = (head for head in _heads(source, row) if source.keys[head].startswith(key))
        head = next(heads, None)
        if head is None:
            return False
        row = head
    return True


def _heads(source: Source, row: int) -> Iterator[int]:
    """Rows of the lines that enclose ``row`` by indentation, innermost first."""
    depth = len(indent_of(source.bodies[row])) if row < len(source.bodies) else 0
    for above in range(min(row, len(source.bodies)) - 1, -1, -1):
        key = source.keys[above]
        if not key or key[0] in ")]}":
            continue
        here = len(indent_of(source.bodies[above]))
        if here < depth:
            depth = here
            yield above


# --- whole lines -------------------------------------------------------------------------------------------


def _whole_lines(source: Source, block: Block) -> list[Placement]:
    return [_placed(source, block, position) for position in _occurrences(source, block.solid_keys)]


def _occurrences(source: Source, keys: list[str]) -> list[int]:
    """Positions in ``source.solid`` at which all keys follow each other, blank lines aside."""
    if not keys or any(key not in source.places for key in keys):
        return []
    rarest = min(range(len(keys)), key=lambda number: len(source.places[keys[number]]))
    starts = (position - rarest for position in source.places[keys[rarest]])
    return [start for start in starts if start >= 0 and source.solid_keys[start : start + len(keys)] == keys]


def _placed(source: Source, block: Block, position: int) -> Placement:
    rows = source.solid[position : position + len(block.solid)]
    spans, differ = _spans(source, block, rows)
    pairs = [(block.lines[number], source.bodies[row]) for number, row in zip(block.solid, rows, strict=True)]
    rung = _rung(pairs)
    if rung is Rung.EXACT and not differ and not _blanks_equal(source, block, spans):
        rung = Rung.FOLDED
    return Placement(rung, spans, differ)


def _spans(source: Source, block: Block, rows: Sequence[int]) -> tuple[tuple[tuple[int, int], ...], bool]:
    """The rows of every line of the block, given those of its solid lines; whether blank lines differ in number."""
    spans: list[tuple[int, int]] = []
    first = block.solid[0]
    blanks = next((n for n in range(first + 1) if n == first or rows[0] - n - 1 < 0 or source.keys[rows[0] - n - 1]), 0)
    spans += [(rows[0] - blanks, rows[0] - blanks)] * (first - blanks)
    spans += [(row, row + 1) for row in range(rows[0] - blanks, rows[0])]
    differ = blanks < first
    edges = [*zip(block.solid, [*block.solid[1:], len(block.lines)], strict=True)]
    for (number, following), row, end in zip(edges, rows, [*rows[1:], None], strict=True):
        limit = end if end is not None else len(source.keys)
        after = next((r for r in range(row + 1, limit) if source.keys[r]), limit)
        wanted, there = following - number - 1, after - row - 1
        spans.append((row, row + 1))
        kept = min(wanted, there)
        spans += [(row + 1 + n, row + 2 + n) for n in range(kept)]
        spans += [(row + 1 + kept, row + 1 + kept)] * (wanted - kept)
        differ = differ or (there < wanted if end is None else there != wanted)
    return tuple(spans), differ


def _blanks_equal(source: Source, block: Block, spans: Sequence[tuple[int, int]]) -> bool:
    return all(
        line == source.bodies[start] for line, (start, stop) in zip(block.lines, spans, strict=True) if stop > start
    )


def _rung(pairs: list[tuple[str, str]]) -> Rung:
    """The strictest rung at which the (searched, actual) lines, equal but for white space, are the same."""
    if all(ours == actual for ours, actual in pairs):
        return Rung.EXACT
    indents = [(indent_of(ours), indent_of(actual)) for ours, actual in pairs]
    if all(ours == actual for ours, actual in indents):
        return Rung.FOLDED
    if _shift(indents) is not None:
        return Rung.SHIFTED
    if all(ours == actual for ours, actual in indents[1:]):
        return Rung.FIRST_LINE
    return Rung.INDENTS


def _shift(indents: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The (blanks to take off, blanks to put on) in front that make every pair equal."""
    ours, actual = indents[0]
    shift = (
        (ours[: len(ours) - len(actual)], "") if len(ours) > len(actual) else ("", actual[: len(actual) - len(ours)])
    )
    off, on = shift
    fits = all(mine.startswith(off) and on + mine[len(off) :] == real for mine, real in indents)
    return shift if fits else None


# --- elisions ----------------------------------------------------------------------------------------------


def _around_elisions(source: Source, block: Block) -> list[Placement]:
    """Places of the pieces between ``...`` lines, in order, each gap staying inside its block by indentation."""
    pieces, dots = _pieces(block)
    if not all(piece.solid for piece in pieces[1:-1]) or not any(piece.solid for piece in pieces):
        return []
    found = []
    for chain in _chains(source, [piece for piece in pieces if piece.solid], dots[0 if pieces[0].solid else 1 :]):
        placed = _chained(source, pieces, dots, chain)
        if placed is not None:
            found.append(placed)
    return _best(found)


def _pieces(block: Block) -> tuple[list[Block], list[str]]:
    """The runs of lines before, between and after the elisions (the outer ones may be empty), and the elisions."""
    cuts = [number for number, line in enumerate(block.lines) if is_elision(line)]
    edges = [-1, *cuts, len(block.lines)]
    pieces = [Block(block.lines[start + 1 : stop]) for start, stop in itertools.pairwise(edges)]
    return pieces, [block.lines[number] for number in cuts]


def _chains(source: Source, pieces: list[Block], dots: list[str]) -> Iterator[list[int]]:
    """Positions in ``source.solid`` for all pieces such that each gap is no shallower than its elision."""
    tries = itertools.count()
    stack = [[position] for position in reversed(_occurrences(source, pieces[0].solid_keys))]
    while stack and next(tries) < MAX_CHAINS:
        chain = stack.pop()
        if len(chain) == len(pieces):
            yield chain
            continue
        piece, following = pieces[len(chain) - 1], pieces[len(chain)]
        end = chain[-1] + len(piece.solid)
        reach = _reach(source, end, _depth(source, piece, chain[-1], dots[len(chain) - 1]))
        later = [p for p in _occurrences(source, following.solid_keys) if end <= p <= reach]
        stack += [[*chain, position] for position in reversed(later)]


def _depth(source: Source, piece: Block, position: int, dots: str) -> int:
    """The indentation an elision has in the file, from the line before it in the block."""
    last = piece.lines[piece.solid[-1]]
    actual = source.bodies[source.solid[position + len(piece.solid) - 1]]
    return len(indent_of(dots)) - len(indent_of(last)) + len(indent_of(actual))


def _reach(source: Source, position: int, depth: int) -> int:
    """The first position in ``source.solid``, from ``position`` on, whose line is shallower than ``depth``."""
    while position < len(source.solid) and len(indent_of(source.bodies[source.solid[position]])) >= depth:
        position += 1
    return position


def _chained(source: Source, pieces: list[Block], dots: list[str], chain: list[int]) -> Placement | None:
    """The placement of one chain, or None where its pieces are not indented alike."""
    spans: list[tuple[int, int]] = []
    pairs: list[tuple[str, str]] = []
    positions, differ = iter(chain), False
    for number, piece in enumerate(pieces):
        if piece.solid:
            position = next(positions)
            rows = source.solid[position : position + len(piece.solid)]
            inner, differs = _spans(source, piece, rows)
            differ = differ or differs
            if number:
                spans.append((spans[-1][1] if spans else inner[0][0], inner[0][0]))
            spans += inner
            pairs += [(piece.lines[n], source.bodies[row]) for n, row in zip(piece.solid, rows, strict=True)]
        elif number:
            spans.append(_rest(source, pieces[number - 1], chain[-1], dots[-1], spans[-1][1]))
            spans += [(spans[-1][1], spans[-1][1])] * len(piece.lines)
    return Placement(Rung.ELIDED, tuple(spans), differ) if _rung(pairs) is not Rung.INDENTS else None


def _rest(source: Source, piece: Block, position: int, dots: str, start: int) -> tuple[int, int]:
    """The rows an elision at the end of a block stands for: what is left of the block of code it is in."""
    reach = _reach(source, position + len(piece.solid), _depth(source, piece, position, dots))
    return (start, max(start, source.solid[reach - 1] + 1))


def _passing_over(source: Source, block: Block) -> list[Placement]:
    return []


# --- fragments ---------------------------------------------------------------------------------------------


def _fragments(source: Source, search: str) -> Iterator[Placement]:
    """Places where the text stands inside lines, not cutting through a word."""
    text = search.replace("\r\n", "\n").strip("\n")
    if not re.search(r"\w", text):
        return
    at = source.joined.find(text)
    while at >= 0:
        end = at + len(text)
        if not _cuts_word(source.joined, at) and not _cuts_word(source.joined, end):
            row = source.joined.count("\n", 0, at)
            yield Placement(Rung.FRAGMENT, ((row, row + text.count("\n") + 1),), columns=(at, end))
        at = source.joined.find(text, at + 1)


def _cuts_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and re.fullmatch(r"\w\w", text[at - 1 : at + 1]) is not None
