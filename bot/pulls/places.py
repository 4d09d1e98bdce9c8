"""Find where quoted code stands (no I/O).

A finding, its comment and its proof all use this one answer. The quote decides, because models copy code better than
they count; a line number only chooses between places that fit equally well.
"""

from __future__ import annotations

import builtins
import itertools
import keyword
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from typing import NamedTuple

from bot.github.text.anchors import Anchor
from bot.github.text.diffs import FileDiff, Hunk, Side
from bot.pulls.fingerprints import find_occurrences, is_comment, normalise, tokenize
from bot.pulls.quotes import QuoteReading, read_quote, squeeze

# characters that a quoted piece needs to say something by itself
_TELLING = 6
# characters from which on a piece is not there by chance
_LONG = 12
# pieces of a quote that leaves lines out without a sign, and characters of the line that each begins with: imports are
# shorter, and stand in any two files
_PIECES = 2
_OWN = 20
# characters of a proof: a bracket stands everywhere, so less proves nothing and does not point to another file
_PROVING = 4
# a line with one name misquoted is recognised by its other names (characters in total) or by the likeness of the two
# names (0 to 1); measured by bench/anchors.py: with less, lines of other files are mistaken for it
_NAMES = 11
_SLIP = 0.75
# these stand in most lines, and in place of another word they change the meaning: no slip
_KEYWORDS = frozenset(word.lower() for word in keyword.kwlist) | {"null", "nil", "undefined", "this", "self"}
# nor do these tell one line from another
_EVERYWHERE = _KEYWORDS | {name.lower() for name in dir(builtins)}
# claimed line numbers are rarely further off (bench/anchors_damage.py); comments rarely mean a line that the diff
# leaves as it is, and hardly ever one that it does not show
_OFF = 20
_HIDDEN = 60
# removed code is marked as such (its sign, or `removed` in the answer): else the new file is meant
_OTHER_SIDE = 10


class Place(NamedTuple):
    """Lines ``first`` to ``last`` of the old file (LEFT) or the new (RIGHT).

    ``quote`` is their text. ``part`` is the piece of them that was quoted, "" where it was whole lines, None where
    pieces were left out. ``anchor`` is where a comment may be attached: None where the diff shows none of the lines, or
    where the quote stands several times and no number chooses.
    """

    side: Side
    first: int
    last: int
    quote: str
    part: str | None
    anchor: Anchor | None


def find_place(
    file: FileDiff,
    quote: str,
    line: int | None = None,
    side: Side | None = None,
    *,
    head: str | None = None,
    base: str | None = None,
    exact: bool = False,
) -> Place | None:
    """Find the place of ``quote`` in a changed file; None where it has none.

    ``line`` is the claimed number of the quote's first line, in the old file where deleted code is quoted; ``side`` the
    one that is meant where both fit. ``head`` and ``base`` are the file's texts; without them only the hunks are
    searched. The rungs are tried in order: whole lines; blanks ignored; layout and comments ignored; a part of the
    lines; lines that leave out others; unless ``exact``, lines with one word misquoted. Deleted code is on the left,
    everything else on the right.
    """
    stretches = [*_split_side(file, "RIGHT", head), *_split_side(file, "LEFT", base)]
    found = read_quote(quote)
    if exact:
        found = tuple(reading for reading in found if len("".join(reading.keys)) >= _PROVING)
    for rung, reading in itertools.product(_RUNGS[:-1] if exact else _RUNGS, found):
        matches = (
            match
            for stretch in stretches
            if reading.side in (None, stretch.side)
            for rows in rung(stretch.code, reading, stretch.path)
            if (match := _Match(stretch, stretch.start + rows.first, stretch.start + rows.last)).belongs
            and (rows.sure or (line is not None and not match.distance(line)))
        )
        fitting = list(dict.fromkeys(matches))
        if fitting:
            match, anchor = _choose(fitting, reading, line, side)
            lines = match.quote
            quoted = "\n".join(reading.texts)
            part: str | None = "" if rung is _match_misquoted or squeeze(quoted) == squeeze(lines) else quoted
            part = None if reading.elided or rung is _match_scattered else part
            return Place(match.side, match.first, match.last, lines, part, anchor)
    return None


def find_in_text(path: str, text: str, quote: str, line: int | None = None) -> Place | None:
    """Find exactly quoted code in a text that no diff is about.

    Of several places the nearest to ``line`` wins.
    """
    unchanged = FileDiff(path=path, old_path=path, status="modified", binary=False, hunks=())
    return find_place(unchanged, quote, line or 1, head=text, exact=True)


def anchor_on_line(file: FileDiff, line: int) -> Anchor | None:
    """Return the anchor on a line of the new file.

    Returns None where the diff does not show the line.
    """
    anchors = (_anchor_lines(file.path, hunk, "RIGHT", line, line) for hunk in file.hunks)
    return next((anchor for anchor in anchors if anchor is not None), None)


class _Code:
    """Lines of code, prepared for comparison.

    ``solid`` are the rows that are not blank, ``keys`` their code without blanks.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.texts = tuple(line.rstrip() for line in lines)
        self.solid = tuple(row for row, text in enumerate(self.texts) if text)
        self.keys = tuple(squeeze(self.texts[row]) for row in self.solid)

    @cached_property
    def text(self) -> str:
        return "\n".join(self.texts)

    @cached_property
    def joined(self) -> tuple[str, tuple[int, ...]]:
        """Return all of ``keys`` as one text, and where each begins in it."""
        return _join(self.keys)

    @cached_property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """Return the tokens of each of ``keys``."""
        return tuple(tokenize(self.texts[row]) for row in self.solid)

    @cached_property
    def names(self) -> frozenset[str]:
        """Return every token of the code."""
        return frozenset(itertools.chain.from_iterable(self.words))


@lru_cache(maxsize=16)
def _read_code(text: str) -> _Code:
    """Read a whole text; cached for the many findings looked up in it."""
    return _Code(text.replace("\r\n", "\n").split("\n"))


@dataclass(frozen=True, eq=False)
class _Stretch:
    """Consecutive lines of one side, from the number ``start``.

    They are a whole file, or the lines that one hunk shows of it. ``changed`` are the numbers of the lines that the
    diff adds to or removes from this side.
    """

    path: str
    side: Side
    code: _Code
    start: int
    changed: frozenset[int]
    hunks: Sequence[Hunk]


def _split_side(file: FileDiff, side: Side, text: str | None) -> list[_Stretch]:
    """Return a side's whole text where it is known, else its lines by hunk."""
    shown = [(hunk, lines) for hunk in file.hunks if (lines := hunk.on(side))]
    changed = frozenset(line.number(side) or 0 for _, lines in shown for line in lines if line.kind != " ")
    if text is not None:
        return [_Stretch(file.path, side, _read_code(text), 1, changed, file.hunks)]
    return [
        _Stretch(file.path, side, _Code([line.text for line in lines]), lines[0].number(side) or 0, changed, [hunk])
        for hunk, lines in shown
    ]


class _Match(NamedTuple):
    """Lines ``first`` to ``last`` of a stretch, by their numbers."""

    stretch: _Stretch
    first: int
    last: int

    @property
    def side(self) -> Side:
        return self.stretch.side

    @property
    def quote(self) -> str:
        start = self.stretch.start
        return "\n".join(self.stretch.code.texts[self.first - start : self.last - start + 1])

    @property
    def changed(self) -> list[int]:
        return [number for number in range(self.first, self.last + 1) if number in self.stretch.changed]

    @property
    def belongs(self) -> bool:
        """Return whether the match may be named by its side.

        Unchanged lines are named by the new file.
        """
        return self.side == "RIGHT" or bool(self.changed)

    @property
    def anchor(self) -> Anchor | None:
        """Return where a comment may be attached.

        That is in the hunk of the first changed line; in the old file on deleted lines only.
        """
        changed = self.changed
        deleted = self.side == "LEFT"
        first = changed[0] if deleted else self.first
        last = changed[-1] if deleted else self.last
        found = (_anchor_lines(self.stretch.path, hunk, self.side, first, last) for hunk in self.stretch.hunks)
        anchors = [anchor for anchor in found if anchor is not None]
        holding = (one for one in anchors if changed and (one.start_line or one.line) <= changed[0] <= one.line)
        return next(holding, anchors[0] if anchors else None)

    def distance(self, line: int) -> int:
        """Return how many lines a number is away."""
        return max(self.first - line, line - self.last, 0)


def _anchor_lines(path: str, hunk: Hunk, side: Side, first: int, last: int) -> Anchor | None:
    """Return the anchor on a range of lines, as far as the hunk shows them."""
    shown = [number for line in hunk.on(side) if first <= (number := line.number(side) or 0) <= last]
    if not shown:
        return None
    several = {"start_line": shown[0], "start_side": side} if shown[0] < shown[-1] else {}
    return Anchor(path=path, line=shown[-1], side=side, **several)


def _choose(
    matches: Sequence[_Match], reading: QuoteReading, line: int | None, side: Side | None
) -> tuple[_Match, Anchor | None]:
    """Choose the match that is meant, and its anchor.

    A number decides; else the only changed match, the only shown one, or the only one. Where none is the only one, it
    is the first, without an anchor.
    """
    preferred = side or "RIGHT"
    number = reading.line or line
    if number is not None:
        nearest = min(matches, key=lambda match: _rank_distance(match, number, line, preferred))
        return nearest, nearest.anchor
    changed = [match for match in matches if match.changed]
    shown = [match for match in matches if match.anchor is not None]
    among = changed or shown or list(matches)
    there = [match for match in among if match.side == preferred] or among
    return there[0], there[0].anchor if len(there) == 1 else None


def _rank_distance(match: _Match, number: int, line: int | None, side: Side) -> tuple[int, int]:
    """Rank how far a match is from the copied number, else the claimed one."""
    penalty = _OTHER_SIDE if match.side != side else 0
    if not match.changed:
        penalty += _OFF if match.anchor is not None else _HIDDEN
    off = match.distance(number)
    exact = -2 if match.changed else -1
    return (off + penalty if off else exact), match.distance(line or number) + penalty


# --- rungs: ways to match, the strictest first ----------------------------------------------------------------


class _Rows(NamedTuple):
    """Rows of code where a reading fits.

    Rows that are not ``sure`` count only on the claimed line.
    """

    first: int
    last: int
    sure: bool = True


def _match_whole(code: _Code, reading: QuoteReading, path: str) -> Iterator[_Rows]:
    """Match the very lines; trailing blanks do not count."""
    if not reading.cut:
        for row in _find_runs(code.texts, reading.texts):
            yield _Rows(row, row + len(reading.texts) - 1)


def _match_folded(code: _Code, reading: QuoteReading, path: str) -> Iterator[_Rows]:
    """Match lines without blanks; a cut line matches by its beginning."""
    count = len(reading.keys)
    if not reading.cut:
        rows = _find_runs(code.keys, reading.keys)
    elif len("".join(reading.keys)) < _TELLING:
        return
    else:

        def begins_at(row: int) -> bool:
            lines = zip(code.keys[row : row + count], reading.keys, reading.whole, strict=True)
            return all(there == key if whole else there.startswith(key) for there, key, whole in lines)

        rows = filter(begins_at, range(len(code.keys) - count + 1))
    for row in rows:
        yield _Rows(code.solid[row], code.solid[row + count - 1])


def _match_tokens(code: _Code, reading: QuoteReading, path: str) -> Iterator[_Rows]:
    """Match lines whatever their layout and comments."""
    quote = "\n".join(reading.texts)
    comments = any(is_comment(text, path) for text in reading.texts if text)
    if not reading.cut and len(normalise(quote, path).replace(" ", "")) >= _TELLING:
        for found in find_occurrences(quote, code.text, path, bare=False if comments else None):
            yield _Rows(found.first - 1, found.last - 1)


def _match_part(code: _Code, reading: QuoteReading, path: str) -> Iterator[_Rows]:
    """Match a piece of the text from word to word, blanks aside."""
    # A line, or a long piece, may be cut inside a name.
    wanted = _join(reading.keys)[0].rstrip(".…,;")
    text, starts = code.joined
    at = text.find(wanted) if wanted else -1
    while at >= 0 and len(wanted) > 1:
        end = at + len(wanted)
        first = bisect_right(starts, at) - 1
        last = bisect_right(starts, end - 1) - 1
        cut = (starts[first] == at or len(wanted) >= _LONG) and not text[end - 1].isdigit()
        bounded = not _joins(text[at - 1 : at + 1]) and (cut or not _joins(text[end - 1 : end + 1]))
        if bounded:
            yield _Rows(code.solid[first], code.solid[last], sure=len(wanted) >= _TELLING)
        at = text.find(wanted, at + 1)


def _join(keys: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Join lines with a blank only between words; return their starts too."""
    pieces: list[str] = []
    starts: list[int] = []
    at = 0
    for key in keys:
        piece = f" {key}" if pieces and _joins(pieces[-1][-1] + key[0]) else key
        pieces.append(piece)
        at += len(piece)
        starts.append(at - len(key))
    return "".join(pieces), tuple(starts)


def _joins(pair: str) -> bool:
    """Return whether two characters belong to one word."""
    return len(pair) > 1 and all(char.isalnum() or char == "_" for char in pair)


def _match_scattered(code: _Code, reading: QuoteReading, path: str) -> Iterator[_Rows]:
    """Match the longest piece of lines that all stand there, in this order.

    Others between them were left out without a sign, as of a diff with two hunks. A piece that says little might stand
    anywhere.
    """
    pieces: list[range] = []
    at = 0
    for key in () if reading.cut else reading.keys:
        if pieces and at < len(code.keys) and code.keys[at] == key:
            pieces[-1] = range(pieces[-1].start, at + 1)
        elif len(key) >= _OWN and key in code.keys[at:]:
            at = code.keys.index(key, at)
            pieces.append(range(at, at + 1))
        else:
            return
        at += 1
    if len(pieces) == _PIECES:
        longest = max(pieces, key=lambda piece: sum(len(code.keys[row]) for row in piece))
        yield _Rows(code.solid[longest[0]], code.solid[longest[-1]])


def _match_misquoted(code: _Code, reading: QuoteReading, path: str) -> Iterator[_Rows]:
    """Match as many lines with the same tokens but for one name.

    The name is a slip of a letter or two, or the other names are enough to know the lines by. A name that the code has
    elsewhere is no slip.
    """
    wanted = tuple(tokenize(text) for text in reading.texts if text)
    if reading.cut:
        return
    for row in range(len(code.words) - len(wanted) + 1):
        there = code.words[row : row + len(wanted)]
        mismatch = _find_mismatch(wanted, there)
        if mismatch is not None and mismatch.quoted.lower() not in _KEYWORDS - {"self", "this"}:
            agreed = [word for line in there for word in line if word != mismatch.real and word.isidentifier()]
            names = sum(len(word) for word in agreed if word.lower() not in _EVERYWHERE)
            known = names >= _NAMES and not mismatch.is_value
            likeness = SequenceMatcher(None, mismatch.quoted.strip("_"), mismatch.real.strip("_"))
            sure = known or (likeness.ratio() >= _SLIP and mismatch.quoted not in code.names)
            if agreed:
                yield _Rows(code.solid[row], code.solid[row + len(wanted) - 1], sure)


class _Mismatch(NamedTuple):
    """Name as it was quoted, and as it is, ``is_value`` in a literal."""

    quoted: str
    real: str
    is_value: bool


def _find_mismatch(wanted: Sequence[Sequence[str]], there: Sequence[Sequence[str]]) -> _Mismatch | None:
    """Return the one name that differs, where all other tokens agree."""
    if any(len(one) != len(other) for one, other in zip(wanted, there, strict=True)):
        return None
    pairs = [pair for lines in zip(wanted, there, strict=True) for pair in zip(*lines, strict=True)]
    unlike = [pair for pair in pairs if pair[0] != pair[1]]
    if len(unlike) != 1 or not all(word.isidentifier() for word in unlike[0]):
        return None
    before = pairs.index(unlike[0]) - 1
    return _Mismatch(*unlike[0], is_value=before >= 0 and pairs[before][0] == "'")


_RUNGS: tuple[Callable[[_Code, QuoteReading, str], Iterable[_Rows]], ...] = (
    _match_whole,
    _match_folded,
    _match_tokens,
    _match_part,
    _match_scattered,
    _match_misquoted,
)


def _find_runs(texts: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    """Yield where ``wanted`` begins in ``texts``."""
    for row in range(len(texts) - len(wanted) + 1):
        if texts[row] == wanted[0] and texts[row : row + len(wanted)] == wanted:
            yield row
