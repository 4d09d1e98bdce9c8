"""Name the hunks of a diff, so that a later review can skip read ones.

All functions here are pure. The lines that a hunk adds and removes are not enough: the same line may be removed from
two functions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from itertools import accumulate

from bot.github.text.diffs import FileDiff, Hunk
from bot.pulls.fingerprints import digest, find_innermost, read_definitions, symbol_of

_USUAL = {"", "100644"}


def name_hunks(diff: FileDiff, head: str | None, base: str | None) -> tuple[str, ...]:
    """Name each hunk of a file's diff.

    The name digests the hunk's lines, the definition around it, and how many equal places the base has above it, so it
    survives a rebase that only moves the lines. ``head`` and ``base`` are the texts of the file there, None where it
    has none. Parses the head: call it in a thread.
    """
    known = read_definitions(head, diff.path) if head is not None else ()
    above = _Above(base or "")
    # The same text is something else as a symlink, or as a program.
    kind = "" if diff.mode in _USUAL else diff.mode
    names = []
    for hunk in diff.hunks:
        symbol = symbol_of(find_innermost(known, _first_changed(hunk)))
        shown = (f"{line.kind}{line.text}" for line in hunk.lines)
        alike = above.count(hunk) if base is not None else 0
        names.append(digest(f"{kind}{symbol}", hunk.section, str(alike), *shown)[:12])
    return tuple(names)


def drop_hunks(diff: FileDiff, read: Collection[int]) -> FileDiff:
    """Return the diff without the hunks of these numbers, counted from 0."""
    kept = tuple(hunk for number, hunk in enumerate(diff.hunks) if number not in read)
    return diff.model_copy(update={"hunks": kept})


def _first_changed(hunk: Hunk) -> int:
    """Return the head's number of a hunk's first change, or the line after."""
    number = hunk.new_start
    for line in hunk.lines:
        if line.kind != " ":
            return line.new or number
        number = (line.new or number) + 1
    return number


class _Above:
    """Text of a base, to count what stands above a hunk."""

    def __init__(self, base: str) -> None:
        self._text = f"\n{base}\n"
        self._places: dict[str, list[int]] = {}
        self._starts = list(accumulate((len(line) + 1 for line in base.split("\n")), initial=0))

    def count(self, hunk: Hunk) -> int:
        """Count how often the hunk's old lines stand in the base above it."""
        old = "".join(f"\n{line.text}" for line in hunk.on("LEFT")) + "\n"
        if old == "\n":
            return 0
        if old not in self._places:
            self._places[old] = list(self._find(old))
        own = self._starts[min(max(hunk.old_start - 1, 0), len(self._starts) - 1)]
        return bisect_left(self._places[old], own)

    def _find(self, old: str) -> Iterator[int]:
        # in the text, and once for hunks alike: line by line, a file of equal lines would take minutes
        at = self._text.find(old)
        while at >= 0:
            yield at
            at = self._text.find(old, at + 1)
