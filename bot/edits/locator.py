"""Find the one place of a file that a hunk means.

The rungs are tried in order; each must give exactly one place. Every rung is sure of each line it lets the hunk change:
what differs is white space, look-alike characters, comments it skips, text the hunk itself says it left out, or, last,
lines that stay. Nothing is ever found by similarity.
"""

from __future__ import annotations

import bisect
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.edits.elisions import find_around_elisions
from bot.edits.misquotes import find_around_misquotes
from bot.edits.opcodes import read_opcodes
from bot.edits.rungs import MAX_STRETCH, Block, Placement, Rung, pick_best, rung_of, spans_of
from bot.edits.text import Source, fold, indent_of, split_lines, squeeze
from bot.edits.values import Hunk


def locate(source: Source, hunk: Hunk) -> tuple[Hunk, list[Placement]]:
    """Find every place of the best rung at which the hunk is found.

    In file order; exactly one means: here. The hunk is returned as it has to be read: without the HTML or string
    escapes it was wrapped in, if only then it is found.
    """
    for reading in _undo_escapes(hunk):
        found = _find_places(source, reading)
        if found:
            return reading, found
    return hunk, []


def _undo_escapes(hunk: Hunk) -> Iterator[Hunk]:
    """Yield the hunk as it is, then without escapes that it may be wrapped in."""
    yield hunk
    for undo in (html.unescape, _unquote, _unescape):
        search = undo(hunk.search)
        if search != hunk.search:
            yield replace(hunk, search=search, replace=undo(hunk.replace))


def _unquote(text: str) -> str:
    return text.replace('\\"', '"').replace("\\'", "'")


def _unescape(text: str) -> str:
    """Return the text of a string literal, if a block was written as one."""
    if "\n" in text.strip():
        return text
    plain = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
    return re.sub(r"\\[nt\"\\]", lambda match: plain[match[0]], text)


def _find_places(source: Source, hunk: Hunk) -> list[Placement]:
    block = Block.of(hunk.search)
    for rung in (_find_whole_lines, find_around_elisions, _find_past_comments, _find_fragments, _find_reflowed):
        found = pick_best(rung(source, block))
        if found:
            return _filter(source, hunk, found)
    changes = read_opcodes(split_lines(hunk.search), split_lines(hunk.replace), Rung.MISQUOTED, hunk.marks)
    return _filter(source, hunk, list(find_around_misquotes(source, block, changes)))


def _filter(source: Source, hunk: Hunk, found: list[Placement]) -> list[Placement]:
    """Keep the places that the hunk's other data allow."""
    if hunk.open_above:
        found = [place for place in found if _is_complete_above(source, hunk, place.start)]
    if hunk.at_end:
        found = [place for place in found if not any(source.keys[place.stop :])]
    if len(found) > 1 and hunk.anchors:
        found = [place for place in found if _is_under(source, place.start, hunk.anchors)] or found
    return found


def _is_complete_above(source: Source, hunk: Hunk, row: int) -> bool:
    """Return whether no line of the hunk can be missing above ``row``."""
    if row in (0, (hunk.line or 0) - 1):
        return True
    return bool(hunk.anchors) and source.keys[row - 1].startswith(fold(hunk.anchors[-1]).strip())


def _is_under(source: Source, row: int, anchors: Sequence[str]) -> bool:
    """Return whether a row is under the anchors, each heading a block."""
    for anchor in reversed(anchors):
        key = fold(anchor).strip()
        head = next((head for head in _enclosing_rows(source, row) if source.keys[head].startswith(key)), None)
        if head is None:
            return False
        row = head
    return True


def _enclosing_rows(source: Source, row: int) -> Iterator[int]:
    """Yield the rows that enclose ``row`` by indentation, inmost first."""
    depth = len(indent_of(source.bodies[row]))
    for above in range(row - 1, -1, -1):
        key = source.keys[above]
        if not key or key[0] in ")]}":
            continue
        here = len(indent_of(source.bodies[above]))
        if here < depth:
            depth = here
            yield above


def _find_whole_lines(source: Source, block: Block) -> Iterator[Placement]:
    """Find places where all lines stand, whatever blanks are around them."""
    for position in source.solid.find(block.solid.keys):
        rows = source.solid.rows[position : position + len(block.solid.rows)]
        spans, differ = spans_of(source, block, block.solid.rows, rows)
        matched = zip(block.lines, spans, strict=True)
        rung = rung_of([(line, source.bodies[start]) for line, (start, stop) in matched if stop > start])
        yield Placement(rung, spans, differ)


def _find_past_comments(source: Source, block: Block) -> Iterator[Placement]:
    """Find places where all lines of code stand, whatever comments between."""
    # The search's own comments only count above its code: further down they may stand for code left out.
    for position in source.code.find(block.code.keys):
        rows = source.code.rows[position : position + len(block.code.rows)]
        spans, _ = spans_of(source, block, block.code.rows, rows)
        pairs = [(block.lines[n], source.bodies[row]) for n, row in zip(block.code.rows, rows, strict=True)]
        below = range(block.code.rows[0], len(block.keys))
        made_up = any(block.keys[n] and spans[n][0] == spans[n][1] for n in below)
        if not made_up and rung_of(pairs) is not Rung.INDENTS:
            yield Placement(Rung.PASSED_OVER, spans)


def _find_fragments(source: Source, block: Block) -> Iterator[Placement]:
    """Find places where the text stands inside lines, cutting no word."""
    text = "\n".join(block.lines).strip("\n")
    at = source.joined.find(text) if re.search(r"\w", text) else -1
    while at >= 0:
        end = at + len(text)
        if not _cuts_word(source.joined, at) and not _cuts_word(source.joined, end):
            row = source.joined.count("\n", 0, at)
            yield Placement(Rung.FRAGMENT, ((row, row + text.count("\n") + 1),), columns=(at, end))
        at = source.joined.find(text, at + 1)


def _cuts_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and re.fullmatch(r"\w\w", text[at - 1 : at + 1]) is not None


def _find_reflowed(source: Source, block: Block) -> Iterator[Placement]:
    """Find places where the same text is broken into lines differently."""
    text = "".join(squeeze(key) for key in block.solid.keys)
    whole, ends = source.squeezed
    at = whole.find(text) if re.search(r"\w", text) else -1
    while at >= 0:
        first = bisect.bisect_left(ends, at)
        last = bisect.bisect_left(ends, at + len(text))
        if ends[first] == at and ends[last] == at + len(text):
            rows = source.solid.rows[first], source.solid.rows[last - 1] + 1
            if rows[1] - rows[0] <= MAX_STRETCH * len(block.solid.rows):
                yield Placement(Rung.REFLOWED, (rows,))
        at = whole.find(text, at + 1)
