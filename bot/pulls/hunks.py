"""Name the hunks of a diff, so that a later review knows again what was read at this place.

Pure functions. The lines that a hunk adds and removes are not enough: the same line may go from two functions.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.github.text.diffs import FileDiff, Hunk
from bot.pulls.fingerprints import digest, find_innermost, read_definitions, symbol_of


def name_hunks(diff: FileDiff, head: str | None, base: str | None) -> tuple[str, ...]:
    """Return a name for each hunk: its lines, the definition around it, and which of its likes in the base it is.

    ``head`` and ``base`` are the texts of the file there, None where it has none. The name survives a rebase that only
    moves the lines. Parses the head: call it in a thread.
    """
    known = read_definitions(head, diff.path) if head is not None else ()
    lines = [] if base is None else base.split("\n")
    return tuple(_name(hunk, symbol_of(find_innermost(known, _first_changed(hunk))), lines) for hunk in diff.hunks)


def drop_hunks(diff: FileDiff, read: Collection[int]) -> FileDiff:
    """Return the diff without the hunks of these numbers, counted from 0."""
    kept = tuple(hunk for number, hunk in enumerate(diff.hunks) if number not in read)
    return diff.model_copy(update={"hunks": kept})


def _name(hunk: Hunk, symbol: str, base: list[str]) -> str:
    shown = (f"{line.kind}{line.text}" for line in hunk.lines)
    return digest(symbol, hunk.section, str(_likes_before(hunk, base)), *shown)[:12]


def _first_changed(hunk: Hunk) -> int:
    """The number, in the head, of the first line that the hunk adds, or of the line after what it removes."""
    number = hunk.new_start
    for line in hunk.lines:
        if line.kind != " ":
            return line.new or number
        number = (line.new or number) + 1
    return number


def _likes_before(hunk: Hunk, base: list[str]) -> int:
    """How often the lines that the hunk starts from stand in the base above it."""
    old = [line.text for line in hunk.on("LEFT")]
    if not old:
        return 0
    starts = range(min(hunk.old_start - 1, len(base)))
    return sum(base[at] == old[0] and base[at : at + len(old)] == old for at in starts)
