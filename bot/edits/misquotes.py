"""Find the place of a block that misquotes lines it does not change.

As in a merge, what the block changes decides: those lines, or the neighbours of lines only added, must stand in the
file exactly once. The other lines are kept as the file has them; at least half of them must be there, in order and
close by, a definition may not go by another name, and nowhere else in the file may as many of the lines stand together.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from bot.edits.opcodes import Opcodes
from bot.edits.rungs import MAX_STRETCH, Block, Placement, Rung, rung_of, spans_of
from bot.edits.text import Source, View, is_elision

_DEFINITION = re.compile(r"(?:[\w@.]+\s+)*(?:def|class|func|fn|function|interface|struct|trait|impl|enum|module)\s+\w")
_WORD = re.compile(r"\w{3}")


def find_around_misquotes(source: Source, block: Block, opcodes: Opcodes) -> Iterator[Placement]:
    """Find the only place where all changed lines stand, well surrounded."""
    if any(is_elision(line) for line in block.lines):
        return
    runs = _find_changed_runs(block.solid, opcodes)
    found = [source.solid.find(block.solid.keys[first:last]) for first, last in runs]
    if not runs or any(len(positions) != 1 for positions in found):
        return
    matched = _align(source.solid, block.solid, runs, [positions[0] for positions in found])
    if (
        matched is None
        or not _agrees(block.solid.keys, runs, matched)
        or _has_rival(source.solid, block.solid, matched)
    ):
        return
    numbers = [block.solid.rows[n] for n in sorted(matched)]
    rows = [source.solid.rows[matched[n]] for n in sorted(matched)]
    pairs = [(block.lines[n], source.bodies[row]) for n, row in zip(numbers, rows, strict=True)]
    if rung_of(pairs) is not Rung.INDENTS:
        spans, _ = spans_of(source, block, numbers, rows)
        yield Placement(Rung.MISQUOTED, spans)


def _find_changed_runs(solid: View, opcodes: Opcodes) -> list[tuple[int, int]]:
    """Return positions of the lines each change replaces, or goes between."""
    runs: list[tuple[int, int]] = []
    for tag, first, last, _, _ in opcodes:
        if tag == "equal":
            continue
        start = sum(row < first for row in solid.rows)
        stop = sum(row < last for row in solid.rows)
        if start == stop:
            start = max(0, start - 1)
            stop = min(len(solid.rows), stop + 1)
        if runs and start < runs[-1][1]:
            start = runs.pop()[0]
        runs.append((start, stop))
    return runs


def _align(source: View, block: View, runs: Sequence[tuple[int, int]], at: Sequence[int]) -> dict[int, int] | None:
    """Map positions to the source; None if out of order or far apart."""
    matched = {
        first + n: position + n for (first, last), position in zip(runs, at, strict=True) for n in range(last - first)
    }
    known = sorted(matched.items())
    if any(there[1] >= then[1] for there, then in itertools.pairwise(known)):
        return None
    reach = int(MAX_STRETCH * len(block.keys))
    top = max(0, known[0][1] - reach)
    end = min(len(source.keys), known[-1][1] + 1 + reach)
    for (mine, there), (next_mine, next_there) in itertools.pairwise([(-1, top - 1), *known, (len(block.keys), end)]):
        ours = block.keys[mine + 1 : next_mine]
        theirs = source.keys[there + 1 : next_there]
        for a, b, size in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
            matched |= {mine + 1 + a + n: there + 1 + b + n for n in range(size)}
    return matched if max(matched.values()) - min(matched.values()) < reach else None


def _agrees(keys: Sequence[str], runs: Sequence[tuple[int, int]], matched: dict[int, int]) -> bool:
    """Return whether enough unchanged lines are there, all definitions too."""
    changed = {n for first, last in runs for n in range(first, last)}
    context = [n for n in range(len(keys)) if n not in changed]
    there = [n for n in context if n in matched]
    if any(_DEFINITION.match(keys[n]) for n in context if n not in matched):
        return False
    return any(_WORD.search(keys[n]) for n in there) and 2 * len(there) >= len(context)


def _has_rival(source: View, block: View, matched: dict[int, int]) -> bool:
    """Return whether another stretch as long holds as many of the lines."""
    wanted = Counter(block.keys)
    there = Counter[str]()
    length = len(block.keys)
    shared = 0
    top = min(matched.values())
    end = max(matched.values())
    for last, key in enumerate(source.keys):
        first = last - length + 1
        there[key] += 1
        shared += there[key] <= wanted[key]
        if first > 0:
            gone = source.keys[first - 1]
            shared -= there[gone] <= wanted[gone]
            there[gone] -= 1
        if shared >= len(matched) and (first > end or last < top):
            return True
    return False
