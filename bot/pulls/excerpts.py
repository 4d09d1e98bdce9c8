"""How a file's diff is shown to a model: both line numbers before each line, hunks widened to the function around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.context.outline import Definition
from bot.github.text.diffs import DiffLine, FileDiff, Hunk
from bot.pulls.fingerprints import definitions, innermost

_WIDE = 400
_WHOLE_FUNCTION = 60
_REMOVED_FILE = 40


def rows(diff: FileDiff, head: str | None) -> tuple[str, ...]:
    """The lines of a diff as a model reads them; ``head`` is the file's text there. Parses it: call it in a thread.

    Of a removed file only the beginning is shown.
    """
    if diff.status == "removed":
        shown = [row for hunk in diff.hunks for row in _hunk(hunk)]
        more = len(shown) - _REMOVED_FILE
        return (*shown[:_REMOVED_FILE], f"({more} more removed lines)") if more > 0 else tuple(shown)
    lines = [] if head is None else head.replace("\r\n", "\n").split("\n")
    known = definitions(head, diff.path) if head is not None else ()
    shown, done = [], 0
    for number, hunk in enumerate(diff.hunks):
        after = diff.hunks[number + 1].new_start if number + 1 < len(diff.hunks) else len(lines) + 1
        before, behind = _around(hunk, known, done, after)
        shown += [_title(hunk), *_context(lines, before), *_hunk(hunk), *_context(lines, behind)]
        done = max([_last(hunk), *behind])
    return tuple(shown)


def _around(hunk: Hunk, known: Sequence[Definition], done: int, after: int) -> tuple[Sequence[int], Sequence[int]]:
    """Numbers of the lines to show before and behind a hunk: the rest of the functions it begins and ends in."""
    first, last = hunk.new_start, _last(hunk)
    opening, closing = (innermost((one for one in known if one.is_function), line) for line in (first, last))
    before: Sequence[int] = ()
    if opening is not None and opening.start < first:
        # Of a long function only the head, which says what its names are.
        short = opening.end - opening.start < _WHOLE_FUNCTION
        before = range(opening.start, first) if short else range(opening.start, min(opening.start + 2, first))
    behind: Sequence[int] = ()
    if closing is not None and closing.end > last and closing.end - closing.start < _WHOLE_FUNCTION:
        behind = range(last + 1, closing.end + 1)
    return [line for line in before if line > done], [line for line in behind if line < after]


def _last(hunk: Hunk) -> int:
    return hunk.new_start + max(hunk.new_count, 1) - 1


def _title(hunk: Hunk) -> str:
    return f"@@ {hunk.section.strip()[:120]}".rstrip()


def _hunk(hunk: Hunk) -> list[str]:
    return [row(line) for line in hunk.lines]


def row(line: DiffLine) -> str:
    """Return a line of a diff as a model reads it."""
    return f"{line.old or '':>5} {line.new or '':>5} {line.kind}{_cut(line.text)}"


def _context(lines: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    yield from (f"{'':>5} {number:>5} .{_cut(lines[number - 1])}" for number in numbers if number <= len(lines))


def _cut(text: str) -> str:
    text = text.removesuffix("\r")
    return text if len(text) <= _WIDE else f"{text[:_WIDE]} … ({len(text) - _WIDE} more characters)"
