"""Record what a blob holds: outline, terms by function, search keys."""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic_core import from_json, to_json

from bot.context.imports import read_imports
from bot.context.languages import Language
from bot.context.outline import Definition, read_outline
from bot.context.words import count_terms, shingles, split_identifier

VERSION = 4  # of what the cache holds; another number drops it
# Prefixes of posting keys: a term begins with a letter.
DEFINES = ">"
NAMES = "~"
SAYS = '"'
IMPORTS = "@"

MOST = 63  # occurrences counted: six bits
# numbers as characters: from '0' on, so that none is a blank; a file has at most 5,000 definitions
_ZERO = 48  # the code point of 0 in the packed counts: "0", so that they are readable
_MOST_TIMES = 9_999
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.){12,300})\"|'((?:[^'\\\n]|\\.){12,300})'")


class RecordPart(NamedTuple):
    """A function, or (no ``definition``) all code outside of functions."""

    definition: int | None
    length: int


@dataclass(frozen=True)
class Record:
    """A blob, read: ``words`` tells of terms the parts that hold them."""

    language: str
    lines: int
    definitions: tuple[Definition, ...]
    parts: tuple[RecordPart, ...]
    words: dict[str, str]
    imports: tuple[str, ...] = ()

    def holding(self, word: str) -> list[tuple[int, int]]:
        """Return (number of the part, how often) for each part that holds a word."""
        codes = map(ord, self.words.get(word, ""))
        return [(number - _ZERO, times - _ZERO) for number, times in zip(codes, codes, strict=True)]

    def to_bytes(self) -> bytes:
        value = {
            "language": self.language,
            "lines": self.lines,
            "definitions": self.definitions,
            "parts": self.parts,
            # two long strings are read in a fraction of the time that many short ones and numbers take
            "words": " ".join(self.words),
            "holders": " ".join(self.words.values()),
            "imports": self.imports,
        }
        return zlib.compress(to_json(value), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        value = from_json(zlib.decompress(data))
        return cls(
            language=value["language"],
            lines=value["lines"],
            definitions=tuple(map(Definition._make, value["definitions"])),
            parts=tuple(map(RecordPart._make, value["parts"])),
            words=dict(zip(value["words"].split(" "), value["holders"].split(" "), strict=True)),
            imports=tuple(value["imports"]),
        )


@dataclass(frozen=True)
class Posting:
    """The keys a blob is found by, and how often each occurs (at most 63)."""

    left_out: str = ""  # why a blob was not read, in a word; then it has no keys and no record
    length: int = 0
    keys: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    def to_bytes(self) -> bytes:
        return zlib.compress(to_json([self.left_out, self.length, self.keys, self.counts]), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Posting:
        left_out, length, keys, counts = from_json(zlib.decompress(data))
        return cls(left_out, length, tuple(keys), tuple(counts))


def read_text(text: str, language: Language | None) -> tuple[Posting, Record]:
    """Read a text as code of a language, or (None) as plain text."""
    definitions = read_outline(text, language) if language else ()
    lines = text.split("\n")
    name = language.name if language else ""
    parts: list[RecordPart] = []
    holders: dict[str, str] = defaultdict(str)
    counted: Counter[str] = Counter()
    for definition, words in _parts(lines, definitions):
        for word, times in words.items():
            holders[word] += chr(_ZERO + len(parts)) + chr(_ZERO + min(times, _MOST_TIMES))
        parts.append(RecordPart(definition, words.total()))
        counted.update(words)
    record = Record(name, len(lines), definitions, tuple(parts), dict(holders), read_imports(text, name))
    length = counted.total()
    for defined, times in Counter(one.name for one in definitions).items():
        counted[DEFINES + defined] = times
        for term in split_identifier(defined):
            counted[NAMES + term] += times
    counted.update({IMPORTS + module.rpartition("/")[2] for module in record.imports})
    if language:
        counted.update(SAYS + run for run in shingles(one or other for one, other in _STRING.findall(text)))
    return Posting("", length, tuple(counted), tuple(min(times, MOST) for times in counted.values())), record


def _parts(lines: Sequence[str], definitions: Sequence[Definition]) -> Iterator[tuple[int | None, Counter[str]]]:
    """Split a text into its outermost functions and the rest."""
    rest: list[str] = []
    at = 0
    for number, one in enumerate(definitions):
        if not one.is_function or one.end <= at:
            continue
        rest += lines[at : one.start - 1]
        yield number, count_terms("\n".join(lines[max(at, one.start - 1) : one.end]))
        at = one.end
    yield None, count_terms("\n".join([*rest, *lines[at:]]))
