"""Render a file's diff for a model, widened to whole functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.context.outline import Definition
from bot.github.text.diffs import DiffLine, FileDiff, Hunk
from bot.pulls.fingerprints import find_innermost, read_definitions

# Characters of a line that a model is shown: of one near the change, and of a changed one, which it has to judge.
_WIDE = 400
_WIDE_CHANGED = 4_000
# A row of a line that is there at the head: old number or blanks, its number there, a sign.
_SHOWN = re.compile(r"(?m)^[ \d]{5,} +(\d+) [+ .]")
# Lines up to which a function around a hunk is shown whole; of a longer one only its head.
_WHOLE_FUNCTION = 60
# Lines of a removed file: enough for its names. More would cost as much as a change, and is rarely wrong in itself.
_REMOVED_FILE = 40


def render_rows(diff: FileDiff, head: str | None) -> tuple[str, ...]:
    """Render the lines of a diff; ``head`` is the file's text at the head.

    Of a removed file only the beginning is shown; :func:`describe_omissions` says what is left out. Parses the head:
    call it in a thread.
    """
    if diff.status == "removed":
        shown = [render_row(line) for hunk in diff.hunks for line in hunk.lines]
        more = len(shown) - _REMOVED_FILE
        return (*shown[:_REMOVED_FILE], f"({more} more removed lines)") if more > 0 else tuple(shown)
    lines = [] if head is None else head.replace("\r\n", "\n").split("\n")
    known = read_definitions(head, diff.path) if head is not None else ()
    shown = []
    done = 0
    for number, hunk in enumerate(diff.hunks):
        after = diff.hunks[number + 1].new_start if number + 1 < len(diff.hunks) else len(lines) + 1
        before, behind = _widen(hunk, known, done, after)
        shown.append(f"@@ {hunk.section.strip()[:120]}".rstrip())
        shown += _render_context(lines, before)
        shown += [render_row(line) for line in hunk.lines]
        shown += _render_context(lines, behind)
        done = max([_last_line(hunk), *behind])
    return tuple(shown)


def describe_omissions(diff: FileDiff) -> str:
    """Describe changed lines :func:`render_rows` leaves out, "" for none."""
    changed = [line.text.removesuffix("\r") for hunk in diff.hunks for line in hunk.lines if line.kind != " "]
    if diff.status == "removed" and len(changed) > _REMOVED_FILE:
        return f"only the first {_REMOVED_FILE} of its {len(changed)} removed lines were shown"
    cut = sum(len(text) > _WIDE_CHANGED for text in changed)
    lines = "one line was" if cut == 1 else f"{cut} lines were"
    return f"{lines} shown only up to character {_WIDE_CHANGED:,}" if cut else ""


def _widen(hunk: Hunk, known: Sequence[Definition], done: int, after: int) -> tuple[Sequence[int], Sequence[int]]:
    """Choose lines around a hunk: the rest of the functions at its ends."""
    first = hunk.new_start
    last = _last_line(hunk)
    opening, closing = (find_innermost((one for one in known if one.is_function), line) for line in (first, last))
    before: Sequence[int] = ()
    if opening is not None and opening.start < first:
        # The head of a long function says what its names are.
        short = opening.end - opening.start < _WHOLE_FUNCTION
        before = range(opening.start, first) if short else range(opening.start, min(opening.start + 2, first))
    behind: Sequence[int] = ()
    if closing is not None and closing.end > last and closing.end - closing.start < _WHOLE_FUNCTION:
        behind = range(last + 1, closing.end + 1)
    return [line for line in before if line > done], [line for line in behind if line < after]


def _last_line(hunk: Hunk) -> int:
    return hunk.new_start + max(hunk.new_count, 1) - 1


def render_row(line: DiffLine) -> str:
    """Render one line of a diff: old number, new number, sign, text."""
    most = _WIDE if line.kind == " " else _WIDE_CHANGED
    return f"{line.old or '':>5} {line.new or '':>5} {line.kind}{_cut(line.text, most)}"


def read_numbers(rows: str) -> frozenset[int]:
    """Return the numbers, at the head, of the lines that rendered rows show."""
    return frozenset(int(number) for number in _SHOWN.findall(rows))


def _render_context(lines: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    yield from (f"{'':>5} {number:>5} .{_cut(lines[number - 1], _WIDE)}" for number in numbers if number <= len(lines))


def _cut(text: str, most: int) -> str:
    text = text.removesuffix("\r")
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} more characters)"
