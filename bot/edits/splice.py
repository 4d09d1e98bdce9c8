"""Make the lines for a hunk's place: old as in the file, new ones fitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from bot.edits.opcodes import Opcodes, read_opcodes
from bot.edits.rungs import Placement, Rung, Span
from bot.edits.text import Source, fold, indent_of, is_elision, split_lines
from bot.edits.values import Hunk, make_refusal


@dataclass(frozen=True)
class Splice:
    """Rows ``start:stop`` of a file, and the ``lines`` they become."""

    start: int
    stop: int
    lines: tuple[str, ...]


def make_splices(source: Source, hunk: Hunk, place: Placement) -> list[Splice]:
    """Make the readings of a hunk at its place, likeliest first.

    They differ only in how new lines are indented. The last reading puts lines added in front of a function in front of
    its decorators too. Raises EditRefused where the replacement would write ``...`` into the file or change text that
    is not there.
    """
    search = split_lines(hunk.search)
    replacement = split_lines(hunk.replace)
    changes = read_opcodes(search, replacement, place.rung, hunk.marks)
    _check(source, search, replacement, changes, place)
    if not search:
        return [Splice(place.start, place.stop, tuple(replacement))]
    if place.columns is not None:
        return _distinct(_replace_fragment(source, place, replacement))
    indents = _Indents.learn(source, search, replacement, place)
    readings = indents.readings(replacement, own=bool(hunk.marks) and _is_context_damaged(place, changes, indents))
    if place.rung is Rung.REFLOWED:
        return _distinct(Splice(place.start, place.stop, tuple(lines)) for lines in readings)
    found = [Splice(place.start, place.stop, tuple(_merge(source, place, changes, lines))) for lines in readings]
    return _distinct([*found, *_move_above_decorators(source, changes, found[0])])


def _is_context_damaged(place: Placement, changes: Opcodes, indents: _Indents) -> bool:
    """Return whether only lines that stay may be indented wrongly."""
    if place.rung in (Rung.FIRST_LINE, Rung.INDENTS):
        return True
    removes = any(last > first for tag, first, last, _, _ in changes if tag != "equal")
    return place.rung is Rung.SHIFTED and len(indents.pairs) == 1 and not removes


def _distinct(found: Iterable[Splice]) -> list[Splice]:
    return list(dict.fromkeys(found))


def _merge(source: Source, place: Placement, changes: Opcodes, new: list[str]) -> Iterator[str]:
    """Yield the rows after the changes; those never searched stay."""
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
            top = _skip_rows(source, at, following, added) if tag == "insert" else at
            yield from source.bodies[at:top]
            at = max(at, top)
            yield from added


def _skip_rows(source: Source, at: int, following: Span, added: list[str]) -> int:
    """Return the row in front of which added lines go."""
    # Rows from ``at`` on were not searched. Added lines go after a docstring, so that it stays one, and after a blank
    # line whose twin they bring along.
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


def _move_above_decorators(source: Source, changes: Opcodes, splice: Splice) -> Iterator[Splice]:
    """Yield lines added below a decorator, moved in front of it."""
    tag, _, _, _, added = changes[0]
    top = splice.start
    while top and source.keys[top - 1].startswith("@"):
        top -= 1
    if tag == "insert" and top < splice.start:
        lines = (*splice.lines[:added], *source.bodies[top : splice.start], *splice.lines[added:])
        yield Splice(top, splice.stop, lines)


def _check(source: Source, search: list[str], replacement: list[str], changes: Opcodes, place: Placement) -> None:
    """Refuse placeholders for code, and elisions of unknown content."""
    for tag, first, last, begin, end in changes:
        if tag == "equal":
            continue
        if place.rung is Rung.ELIDED:
            _check_gaps(source, search[first:last], replacement[begin:end], place.spans[first:last])
            if first == 0 == last and is_elision(search[0]):
                raise make_refusal(
                    "elision", "The replacement adds lines before a leading `...`, so their place is unknown."
                )
        for number in range(begin, end):
            if is_elision(replacement[number]) and not _is_stub(replacement, number):
                what = f"The replacement would write a placeholder into the file: {replacement[number].strip()!r}."
                raise make_refusal("elision", what)


def _check_gaps(source: Source, dropped: list[str], added: list[str], spans: Sequence[Span]) -> None:
    """Refuse to drop a `...` unless all that it stood for is spelled out."""
    spelled = iter([fold(line).strip() for line in added if line.strip()])
    for line, (start, stop) in zip(dropped, spans, strict=True):
        if is_elision(line) and not all(key in spelled for key in source.keys[start:stop] if key):
            what = "The replacement drops a `...` of the search, so it is unclear what becomes of the text left out."
            raise make_refusal("elision", what)


def _is_stub(lines: list[str], number: int) -> bool:
    """Return whether a bare ``...`` is code: a block's body, or in a doctest."""
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
    """Mapping of indentation, searched -> actual; ``step`` 0 means tabs."""

    pairs: tuple[tuple[str, str], ...]
    step: int

    @classmethod
    def learn(cls, source: Source, search: list[str], replacement: list[str], place: Placement) -> _Indents:
        """Learn the mapping from the lines of a place."""
        pairs = [
            (indent_of(line), indent_of(source.bodies[start]))
            for line, (start, stop) in zip(search, place.spans, strict=place.rung is not Rung.REFLOWED)
            if stop > start and not is_elision(line) and line.strip() and source.keys[start]
        ]
        indents = [indent_of(line) for line in [*search, *replacement] if line.strip()]
        step = 0 if any("\t" in indent for indent in indents) else gcd(*(len(indent) for indent in indents))
        return cls(tuple(pairs), step)

    def readings(self, lines: list[str], *, own: bool) -> list[list[str]]:
        """Return the replacement's indentations, likeliest (``own``: as is) first."""
        ways = [self.map_all(lines), self.move_first(lines), self.move_by_first(lines)]
        return [lines, *ways] if own else ways

    def map_all(self, lines: list[str]) -> list[str]:
        """Translate every indentation as that of the searched lines was."""
        table = dict(reversed(self.pairs))
        if all(mine == actual for mine, actual in table.items()):
            return lines
        return [self._move(line, table) if line.strip() else "" for line in lines]

    def _move(self, line: str, table: dict[str, str]) -> str:
        own = indent_of(line)
        base = max((known for known in table if own.startswith(known)), key=len, default=None)
        if base is None:
            shallowest = min(table, key=len)
            spare = len(shallowest) - len(own)
            return table[shallowest][: max(0, len(table[shallowest]) - spare)] + line.lstrip()
        return table[base] + self._deepen(own[len(base) :], table) + line.lstrip()

    def _deepen(self, extra: str, table: dict[str, str]) -> str:
        """Return further indentation in the file's own kind."""
        if not self.step or not any("\t" in actual for actual in table.values()):
            return extra
        return "\t" * (len(extra) // self.step) + " " * (len(extra) % self.step)

    def move_first(self, lines: list[str]) -> list[str]:
        """Move the first line only: the others are indented like the file."""
        mine, actual = self.pairs[0] if self.pairs else ("", "")
        first = next((number for number, line in enumerate(lines) if line.strip()), None)
        if first is None or indent_of(lines[first]) != mine:
            return lines
        return [*lines[:first], actual + lines[first].lstrip(), *lines[first + 1 :]]

    def move_by_first(self, lines: list[str]) -> list[str]:
        """Move every line by what the first lacks of the first searched one."""
        if not self.pairs:
            return lines
        actual = self.pairs[0][1]
        first = next((line for line in lines if line.strip()), "")
        if not actual.startswith(indent_of(first)):
            return lines
        lead = actual[len(indent_of(first)) :]
        return [lead + line if line.strip() else "" for line in lines]


def _replace_fragment(source: Source, place: Placement, replacement: list[str]) -> Iterator[Splice]:
    """Yield a fragment's line or lines with the fragment replaced."""
    start, stop = place.columns or (0, 0)
    row_start = source.joined.rfind("\n", 0, start) + 1
    row_end = source.joined.find("\n", stop)
    before = source.joined[row_start:start]
    after = source.joined[stop:row_end] if row_end >= 0 else source.joined[stop:]
    solid = [number for number, line in enumerate(replacement) if line.strip()]
    new = replacement[solid[0] : solid[-1] + 1] if solid else [""]
    lead = indent_of(source.bodies[place.start])
    for rest in ([lead + line if line.strip() else "" for line in new[1:]], new[1:]):
        lines = [new[0], *rest]
        lines[0] = before + lines[0]
        lines[-1] += after
        yield Splice(place.start, place.stop, tuple(lines))
