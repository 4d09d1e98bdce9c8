"""Name the hunks of a diff, so that a later review can skip read ones.

All functions here are pure. The lines that a hunk adds and removes are not enough: the same line may be removed from
two functions.
"""

from __future__ import annotations

from collections.abc import Collection

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
    lines = [] if base is None else base.split("\n")
    # The same text is something else as a symlink, or as a program.
    kind = "" if diff.mode in _USUAL else diff.mode
    names = []
    for hunk in diff.hunks:
        symbol = symbol_of(find_innermost(known, _first_changed(hunk)))
        shown = (f"{line.kind}{line.text}" for line in hunk.lines)
        names.append(digest(f"{kind}{symbol}", hunk.section, str(_count_equal_places(hunk, lines)), *shown)[:12])
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


def _count_equal_places(hunk: Hunk, base: list[str]) -> int:
    """Count how often the hunk's old lines stand in the base above it."""
    old = [line.text for line in hunk.on("LEFT")]
    if not old:
        return 0
    starts = range(min(hunk.old_start - 1, len(base)))
    return sum(base[at] == old[0] and base[at : at + len(old)] == old for at in starts)
