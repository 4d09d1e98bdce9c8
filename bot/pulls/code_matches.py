"""Match a quote to lines of code, strictly first, then ever more freely (no I/O)."""

from __future__ import annotations

import builtins
import itertools
import keyword
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from typing import NamedTuple

from bot.pulls.fingerprints import find_occurrences, is_comment, normalise, tokenize
from bot.pulls.quotes import QuoteReading, squeeze

# characters that a quoted piece needs to say something by itself
_TELLING = 6
# characters from which on a piece is not there by chance
_LONG = 12
# pieces of a quote that leaves lines out without a sign, and characters of the line that each begins with: imports are
# shorter, and stand in any two files
_PIECES = 2
_OWN = 20
# a line with one name misquoted is recognised by its other names (characters in total) or by the likeness of the two
# names (0 to 1); measured by bench/anchors.py: with less, lines of other files are mistaken for it
_NAMES = 11
_SLIP = 0.75
# these stand in most lines, and in place of another word they change the meaning: no slip
_KEYWORDS = frozenset(word.lower() for word in keyword.kwlist) | {"null", "nil", "undefined", "this", "self"}
# nor do these tell one line from another
EVERYWHERE = _KEYWORDS | {name.lower() for name in dir(builtins)}


class Code:
    """Lines of code; ``solid`` rows are not blank, ``keys`` have no blanks."""

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
def read_code(text: str) -> Code:
    """Read a whole text; cached for the many findings looked up in it."""
    return Code(text.replace("\r\n", "\n").split("\n"))


class MatchedRows(NamedTuple):
    """Rows where a reading fits, on the claimed line only if not ``sure``."""

    first: int
    last: int
    sure: bool = True


def _match_whole(code: Code, reading: QuoteReading, path: str) -> Iterator[MatchedRows]:
    """Match the very lines; trailing blanks do not count."""
    if not reading.cut:
        for row in _find_runs(code.texts, reading.texts):
            yield MatchedRows(row, row + len(reading.texts) - 1)


def _match_folded(code: Code, reading: QuoteReading, path: str) -> Iterator[MatchedRows]:
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
        yield MatchedRows(code.solid[row], code.solid[row + count - 1])


def _match_tokens(code: Code, reading: QuoteReading, path: str) -> Iterator[MatchedRows]:
    """Match lines whatever their layout and comments."""
    quote = "\n".join(reading.texts)
    comments = any(is_comment(text, path) for text in reading.texts if text)
    if not reading.cut and len(normalise(quote, path).replace(" ", "")) >= _TELLING:
        for found in find_occurrences(quote, code.text, path, bare=False if comments else None):
            yield MatchedRows(found.first - 1, found.last - 1)


def _match_part(code: Code, reading: QuoteReading, path: str) -> Iterator[MatchedRows]:
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
            yield MatchedRows(code.solid[first], code.solid[last], sure=len(wanted) >= _TELLING)
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


def match_scattered(code: Code, reading: QuoteReading, path: str) -> Iterator[MatchedRows]:
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
        yield MatchedRows(code.solid[longest[0]], code.solid[longest[-1]])


def match_misquoted(code: Code, reading: QuoteReading, path: str) -> Iterator[MatchedRows]:
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
            names = sum(len(word) for word in agreed if word.lower() not in EVERYWHERE)
            known = names >= _NAMES and not mismatch.is_value
            likeness = SequenceMatcher(None, mismatch.quoted.strip("_"), mismatch.real.strip("_"))
            sure = known or (likeness.ratio() >= _SLIP and mismatch.quoted not in code.names)
            if agreed:
                yield MatchedRows(code.solid[row], code.solid[row + len(wanted) - 1], sure)


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


RUNGS: tuple[Callable[[Code, QuoteReading, str], Iterable[MatchedRows]], ...] = (
    _match_whole,
    _match_folded,
    _match_tokens,
    _match_part,
    match_scattered,
    match_misquoted,
)


def _find_runs(texts: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    """Yield where ``wanted`` begins in ``texts``."""
    for row in range(len(texts) - len(wanted) + 1):
        if texts[row] == wanted[0] and texts[row : row + len(wanted)] == wanted:
            yield row
