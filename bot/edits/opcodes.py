"""Determine what a hunk changes, line by line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from bot.edits.rungs import Rung
from bot.edits.text import is_elision

Opcodes = Sequence[tuple[str, int, int, int, int]]


def read_opcodes(search: list[str], replacement: list[str], rung: Rung, marks: str) -> Opcodes:
    """Return (tag, search rows, replacement rows), in difflib's form."""
    if len(marks) - marks.count("+") == len(search) and len(marks) - marks.count("-") == len(replacement) and marks:
        return list(_read_marks(marks))

    def token(line: str) -> str:
        if rung is Rung.ELIDED and is_elision(line):
            return "..."
        return line if rung is Rung.EXACT else line.rstrip()

    matcher = SequenceMatcher(None, [token(s) for s in search], [token(r) for r in replacement], autojunk=False)
    return matcher.get_opcodes()


def _read_marks(marks: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield the changes as a diff marked them: comparing might differ."""
    first = begin = 0
    for same, run in itertools.groupby(marks, lambda mark: mark == " "):
        kinds = "".join(run)
        last = first + len(kinds) - kinds.count("+")
        end = begin + len(kinds) - kinds.count("-")
        yield _tag(same=same, deletes=first < last, inserts=begin < end), first, last, begin, end
        first = last
        begin = end


def _tag(*, same: bool, deletes: bool, inserts: bool) -> str:
    """Name a run of lines as difflib does."""
    if same:
        return "equal"
    if deletes and inserts:
        return "replace"
    return "delete" if deletes else "insert"
