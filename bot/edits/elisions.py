"""Find places of a search with ``...``: pieces in order, gaps in blocks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from bot.edits.rungs import Block, Placement, Rung, Span, rung_of, spans_of
from bot.edits.text import Source, indent_of, is_elision

# The most ways to place the pieces that are tried: a file of equal lines has far too many.
MAX_CHAINS = 10_000


def find_around_elisions(source: Source, block: Block) -> list[Placement]:
    """Find every way to place the pieces between elisions, equally indented."""
    cuts = [number for number, line in enumerate(block.lines) if is_elision(line)]
    dots = [block.lines[number] for number in cuts]
    # The runs of lines around and between the elisions; the outer ones may be empty.
    edges = itertools.pairwise([-1, *cuts, len(block.lines)])
    pieces = [Block(block.lines[start + 1 : stop]) for start, stop in edges]
    if not dots or not any(piece.solid.rows for piece in pieces) or not all(p.solid.rows for p in pieces[1:-1]):
        return []
    inner = dots[0 if pieces[0].solid.rows else 1 :]
    chains = _find_chains(source, [piece for piece in pieces if piece.solid.rows], inner)
    placed = (_place_chain(source, pieces, dots, chain) for chain in chains)
    return [place for place in placed if place is not None]


def _find_chains(source: Source, pieces: list[Block], dots: list[str]) -> Iterator[list[int]]:
    """Yield positions for all pieces, no gap shallower than its elision."""
    tries = itertools.count()
    stack = [[position] for position in reversed(source.solid.find(pieces[0].solid.keys))]
    while stack and next(tries) < MAX_CHAINS:
        chain = stack.pop()
        if len(chain) == len(pieces):
            yield chain
            continue
        piece = pieces[len(chain) - 1]
        following = pieces[len(chain)]
        end = chain[-1] + len(piece.solid.rows)
        reach = _reach(source, end, _depth(source, piece, chain[-1], dots[len(chain) - 1]))
        later = [at for at in source.solid.find(following.solid.keys) if end <= at <= reach]
        stack += [[*chain, position] for position in reversed(later)]


def _depth(source: Source, piece: Block, position: int, dots: str) -> int:
    """Return an elision's indentation in the file, by the line before it."""
    last = piece.lines[piece.solid.rows[-1]]
    actual = source.bodies[source.solid.rows[position + len(piece.solid.rows) - 1]]
    return len(indent_of(dots)) - len(indent_of(last)) + len(indent_of(actual))


def _reach(source: Source, position: int, depth: int) -> int:
    """Return the first of ``source.solid`` that is shallower than ``depth``."""
    rows = source.solid.rows
    while position < len(rows) and len(indent_of(source.bodies[rows[position]])) >= depth:
        position += 1
    return position


def _place_chain(source: Source, pieces: list[Block], dots: list[str], chain: list[int]) -> Placement | None:
    """Place one chain; None where its pieces are not indented alike."""
    spans: list[Span] = []
    pairs: list[tuple[str, str]] = []
    positions = iter(chain)
    differ = False
    for number, piece in enumerate(pieces):
        if piece.solid.rows:
            position = next(positions)
            rows = source.solid.rows[position : position + len(piece.solid.rows)]
            inner, differs = spans_of(source, piece, piece.solid.rows, rows)
            differ = differ or differs
            if number:
                spans.append((spans[-1][1] if spans else inner[0][0], inner[0][0]))
            spans += inner
            pairs += [(piece.lines[n], source.bodies[row]) for n, row in zip(piece.solid.rows, rows, strict=True)]
        elif number:
            spans.append(_span_rest(source, pieces[number - 1], chain[-1], dots[-1], spans[-1][1]))
            spans += [(spans[-1][1], spans[-1][1])] * len(piece.lines)
        else:
            start = source.solid.rows[chain[0]]
            spans += [(start, start)] * len(piece.lines)
    return Placement(Rung.ELIDED, tuple(spans), differ) if rung_of(pairs) is not Rung.INDENTS else None


def _span_rest(source: Source, piece: Block, position: int, dots: str, start: int) -> Span:
    """Return the rows an elision at the end stands for: its block's rest."""
    reach = _reach(source, position + len(piece.solid.rows), _depth(source, piece, position, dots))
    return (start, max(start, source.solid.rows[reach - 1] + 1))
