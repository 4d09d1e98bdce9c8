"""The lines that take the place of a hunk: its unchanged lines as the file has them, its new ones indented to fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from bot.edits.opcodes import Opcodes, opcodes
from bot.edits.rungs import Placement, Rung, Span
from bot.edits.text import Source, fold, indent_of, is_elision, split_lines
from bot.edits.values import Hunk, refused


@dataclass(frozen=True)
class Splice:
    """Rows ``start:stop`` become ``lines``."""

    start: int
    stop: int
    lines: tuple[str, ...]


def splices(source: Source, hunk: Hunk, place: Placement) -> list[Splice]:
    """Return the readings of a hunk at its place, likeliest first; they differ only in how new lines are indented.

    The last reading puts lines added in front of a function in front of its decorators too. Raises EditRefused
    where the replacement would write ``...`` into the file or change text that is not there.
    """
    search, replacement = split_lines(hunk.search), split_lines(hunk.replace)
    changes = opcodes(search, replacement, place.rung, hunk.marks)
    _check(source, search, replacement, changes, place)
    if not search:
        return [Splice(place.start, place.stop, tuple(replacement))]
    if place.columns is not None:
        return _distinct(_inside(source, place, replacement))
    indents = _Indents.learned(source, search, replacement, place)
    readings = indents.readings(replacement, own=bool(hunk.marks) and _lost_by_context(place, changes, indents))
    if place.rung is Rung.REFLOWED:
        return _distinct(Splice(place.start, place.stop, tuple(lines)) for lines in readings)
    found = [Splice(place.start, place.stop, tuple(_merged(source, place, changes, lines))) for lines in readings]
    return _distinct([*found, *_above_decorators(source, changes, found[0])])


def _lost_by_context(place: Placement, changes: Opcodes, indents: _Indents) -> bool:
    """Whether it may be a line that stays, and none that is added, whose indentation was damaged."""
    if place.rung in (Rung.FIRST_LINE, Rung.INDENTS):
        return True
    removes = any(last > first for tag, first, last, _, _ in changes if tag != "equal")
    return place.rung is Rung.SHIFTED and len(indents.pairs) == 1 and not removes


def _distinct(found: Iterable[Splice]) -> list[Splice]:
    return list(dict.fromkeys(found))


def _merged(source: Source, place: Placement, changes: Opcodes, new: list[str]) -> Iterator[str]:
    """Return the rows of the place after the changes; rows that no searched line stands for stay where they are."""
    at = place.start
    for tag, first, last, begin, end in changes:
        for number in range(first, last):
            start, stop = place.spans[number]
            if tag == "equal":
                yield from source.bodies[at:stop]
            else:
                yield from (body for body in source.bodies[at:start] if number == first or body.strip())
            at = max(at, stop)
        if tag != "equal":
            added = new[begin:end]
            following = place.spans[last] if last < len(place.spans) else (at, at)
            behind = _behind(source, at, following, added) if tag == "insert" else at
            yield from source.bodies[at:behind]
            at = max(at, behind)
            yield from added


def _behind(source: Source, at: int, following: Span, added: list[str]) -> int:
    """Return the row in front of which added lines go, where the file has rows from ``at`` on that were not searched.

    They go behind a docstring, so that it stays one, and behind a blank line whose twin they bring along.
    """
    elided = following[1] > following[0] + 1
    limit = following[1] if elided else following[0]
    if at >= limit:
        return at
    past = source.past_docstring(at)
    if at < past <= limit and source.bodies[at - 1].rstrip().endswith(":"):
        return past
    if not elided and not any(source.keys[at:limit]) and added[0].strip() and not added[-1].strip():
        return limit
    return at


def _above_decorators(source: Source, changes: Opcodes, splice: Splice) -> Iterator[Splice]:
    """Lines added between a decorator and what it decorates, moved in front of the decorator."""
    tag, _, _, _, added = changes[0]
    top = splice.start
    while top and source.keys[top - 1].startswith("@"):
        top -= 1
    if tag == "insert" and top < splice.start:
        lines = (*splice.lines[:added], *source.bodies[top : splice.start], *splice.lines[added:])
        yield Splice(top, splice.stop, lines)


def _check(source: Source, search: list[str], replacement: list[str], changes: Opcodes, place: Placement) -> None:
    for tag, first, last, begin, end in changes:
        if tag == "equal":
            continue
        if place.rung is Rung.ELIDED:
            _check_gaps(source, search[first:last], replacement[begin:end], place.spans[first:last])
            if first == 0 == last and is_elision(search[0]):
                raise refused(
                    "elision", "The replacement adds lines before a leading `...`, so their place is unknown."
                )
        for number in range(begin, end):
            if is_elision(replacement[number]) and not _is_stub(replacement, number):
                what = f"The replacement would write a placeholder into the file: {replacement[number].strip()!r}."
                raise refused("elision", what)


def _check_gaps(source: Source, dropped: list[str], added: list[str], spans: Sequence[Span]) -> None:
    """Let a `...` go only where the replacement spells out all that it stood for."""
    spelled = iter([fold(line).strip() for line in added if line.strip()])
    for line, (start, stop) in zip(dropped, spans, strict=True):
        if is_elision(line) and not all(key in spelled for key in source.keys[start:stop] if key):
            what = "The replacement drops a `...` of the search, so it is unclear what becomes of the text left out."
            raise refused("elision", what)


def _is_stub(lines: list[str], number: int) -> bool:
    """Whether a bare ``...`` is real code: the whole body of a Python block, or a line of a doctest."""
    above = next((line for line in reversed(lines[:number]) if line.strip()), "")
    below = next((line for line in lines[number + 1 :] if line.strip()), "")
    if lines[number].strip() != "..." or not above:
        return False
    if above.lstrip().startswith((">>>", "...")):
        return True
    alone = len(indent_of(below)) < len(indent_of(lines[number]))
    return alone and above.rstrip().endswith((":", '"""', "'''"))


@dataclass(frozen=True)
class _Indents:
    """What became of the indentation: searched -> actual, for every matched line in order.

    ``step`` is the width of one level in the hunk, 0 where it is indented by tabs.
    """

    pairs: tuple[tuple[str, str], ...]
    step: int

    @classmethod
    def learned(cls, source: Source, search: list[str], replacement: list[str], place: Placement) -> _Indents:
        pairs = [
            (indent_of(line), indent_of(source.bodies[start]))
            for line, (start, stop) in zip(search, place.spans, strict=place.rung is not Rung.REFLOWED)
            if stop > start and not is_elision(line) and line.strip() and source.keys[start]
        ]
        indents = [indent_of(line) for line in [*search, *replacement] if line.strip()]
        step = 0 if any("\t" in indent for indent in indents) else gcd(*(len(indent) for indent in indents))
        return cls(tuple(pairs), step)

    def readings(self, lines: list[str], *, own: bool) -> list[list[str]]:
        """Return the replacement under every indentation it may have, likeliest first: as it is if ``own``."""
        ways = [self.mapped(lines), self.first_only(lines), self.verbatim_first(lines)]
        return [lines, *ways] if own else ways

    def mapped(self, lines: list[str]) -> list[str]:
        """Every indentation translated as that of the searched lines was."""
        table = dict(reversed(self.pairs))
        if all(mine == actual for mine, actual in table.items()):
            return lines
        return [self._moved(line, table) if line.strip() else "" for line in lines]

    def _moved(self, line: str, table: dict[str, str]) -> str:
        own = indent_of(line)
        base = max((known for known in table if own.startswith(known)), key=len, default=None)
        if base is None:
            shallowest = min(table, key=len)
            spare = len(shallowest) - len(own)
            return table[shallowest][: max(0, len(table[shallowest]) - spare)] + line.lstrip()
        return table[base] + self._further(own[len(base) :], table) + line.lstrip()

    def _further(self, extra: str, table: dict[str, str]) -> str:
        """Further indentation, in tabs where the file has tabs and the hunk has blanks."""
        if not self.step or not any("\t" in actual for actual in table.values()):
            return extra
        return "\t" * (len(extra) // self.step) + " " * (len(extra) % self.step)

    def first_only(self, lines: list[str]) -> list[str]:
        """Only the first line moved: the others already have the file's indentation."""
        mine, actual = self.pairs[0] if self.pairs else ("", "")
        first = next((number for number, line in enumerate(lines) if line.strip()), None)
        if first is None or indent_of(lines[first]) != mine:
            return lines
        return [*lines[:first], actual + lines[first].lstrip(), *lines[first + 1 :]]

    def verbatim_first(self, lines: list[str]) -> list[str]:
        """Every line moved by what the first one lacks against the first searched line."""
        if not self.pairs:
            return lines
        actual = self.pairs[0][1]
        first = next((line for line in lines if line.strip()), "")
        if not actual.startswith(indent_of(first)):
            return lines
        lead = actual[len(indent_of(first)) :]
        return [lead + line if line.strip() else "" for line in lines]


def _inside(source: Source, place: Placement, replacement: list[str]) -> Iterator[Splice]:
    """Return a fragment's line or lines with the fragment replaced."""
    start, stop = place.columns or (0, 0)
    row_start = source.joined.rfind("\n", 0, start) + 1
    row_end = source.joined.find("\n", stop)
    before, after = source.joined[row_start:start], source.joined[stop : row_end if row_end >= 0 else None]
    solid = [number for number, line in enumerate(replacement) if line.strip()]
    new = replacement[solid[0] : solid[-1] + 1] if solid else [""]
    lead = indent_of(source.bodies[place.start])
    for rest in ([lead + line if line.strip() else "" for line in new[1:]], new[1:]):
        lines = [new[0], *rest]
        lines[0] = before + lines[0]
        lines[-1] += after
        yield Splice(place.start, place.stop, tuple(lines))
