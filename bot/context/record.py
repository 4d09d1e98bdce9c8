"""What is remembered of one blob: its outline, its terms by function, and what the index finds it by."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from pydantic_core import from_json, to_json

from bot.context.imports import imports
from bot.context.languages import Language
from bot.context.outline import Definition, outline
from bot.context.words import count, identifiers, shingles, terms_of

VERSION = 2
DEFINES, NAMES, SAYS, IMPORTS = ">", "~", '"', "@"  # prefixes of posting keys; a term begins with a letter

MOST = 63
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.){12,300})\"|'((?:[^'\\\n]|\\.){12,300})'")


@dataclass(frozen=True)
class Part:
    """A function's terms, or (``definition`` is None) those of everything outside functions; ``length`` counts them."""

    definition: int | None
    length: int
    terms: dict[str, int]


@dataclass(frozen=True)
class Record:
    """One blob, read. ``keys`` are what it is found by, with how often (at most 63)."""

    language: str
    lines: int
    definitions: tuple[Definition, ...]
    parts: tuple[Part, ...]
    imports: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        value = {
            "language": self.language,
            "lines": self.lines,
            "definitions": [list(asdict(one).values()) for one in self.definitions],
            "parts": [[part.definition, part.length, part.terms] for part in self.parts],
            "imports": self.imports,
        }
        return zlib.compress(to_json(value), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        value = from_json(zlib.decompress(data))
        return cls(
            language=value["language"],
            lines=value["lines"],
            definitions=tuple(Definition(*fields) for fields in value["definitions"]),
            parts=tuple(Part(*fields) for fields in value["parts"]),
            imports=tuple(value["imports"]),
        )


@dataclass(frozen=True)
class Posting:
    """What a blob is found by: the number of its words, its keys, and how often (at most 63) each occurs.

    ``left_out`` is the reason, in one word, why a blob was not read; then there are no keys and no record.
    """

    left_out: str = ""
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
    definitions = outline(text, language) if language else ()
    lines = text.split("\n")
    name = language.name if language else ""
    record = Record(name, len(lines), definitions, tuple(_parts(lines, definitions)), imports(text, name))
    counted: Counter[str] = Counter()
    for part in record.parts:
        counted.update(part.terms)
    length = counted.total()
    for defined, times in Counter(one.name for one in definitions).items():
        counted[DEFINES + defined] = times
        for term in terms_of(defined):
            counted[NAMES + term] += times
    counted.update({IMPORTS + module.rpartition("/")[2] for module in record.imports})
    if language:
        counted.update(SAYS + run for run in shingles(one or other for one, other in _STRING.findall(text)))
    return Posting("", length, tuple(counted), tuple(min(times, MOST) for times in counted.values())), record


def _parts(lines: Sequence[str], definitions: Sequence[Definition]) -> Iterator[Part]:
    """Outermost functions, each with its own lines; a line belongs to the first function that holds it."""
    rest: list[str] = []
    at = 0
    for number, one in enumerate(definitions):
        if not one.is_function or one.end <= at:
            continue
        rest += lines[at : one.start - 1]
        yield _part(number, lines[max(at, one.start - 1) : one.end])
        at = one.end
    yield _part(None, [*rest, *lines[at:]])


def _part(definition: int | None, lines: Sequence[str]) -> Part:
    counted = count(identifiers("\n".join(lines)))
    return Part(definition, counted.total(), dict(counted))
