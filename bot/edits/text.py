"""Represent a file's text as lines that remember how they end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

BOM = "\ufeff"
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
        ),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", None),
        "\u2026": "...",
    }
)
_MARK = r"(?:#|//|--|;|%|/\*|<!--|\{/\*|\*|\"\"\"|''')"
_LEFT_OUT = r".*\b(?i:existing|rest|remain\w*|unchanged|other|previous|original|same|omitted|code|keep)\b.*"
_ELISION = re.compile(
    rf"(?:\.{{3,}}|{_MARK}\s*(?:\.{{3}}.*|{_LEFT_OUT}\.{{3}})\s*(?:\*/\}}?|-->|\"\"\"|''')?)",
)

_COMMENT = re.compile(r"#(?:\s|$|!)|//")
_DOCSTRING = re.compile(r"[rRuUbB]{0,2}(\"\"\"|''')")


def fold(line: str) -> str:
    """Replace look-alikes by what keyboards type; drop trailing blanks."""
    return (line if line.isascii() else line.translate(_LOOKALIKES)).rstrip()


def indent_of(line: str) -> str:
    """Return the blanks a line begins with."""
    return line[: len(line) - len(line.lstrip())]


def is_elision(line: str) -> bool:
    """Return whether a line is a bare ``...`` or a comment that says so."""
    return _ELISION.fullmatch(fold(line).strip()) is not None


def split_lines(text: str) -> list[str]:
    """Split a block into lines, without their ends and an empty last one."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    return lines


def squeeze(key: str) -> str:
    """Remove the blanks of a line, but for those between two words."""
    return re.sub(r"(?<!\w)\s+|\s+(?!\w)", "", key)


@dataclass(frozen=True)
class View:
    """Some of a text's lines by row, findable by their normalised ``keys``."""

    rows: list[int]
    keys: list[str]

    @classmethod
    def of(cls, keys: Sequence[str], rows: Iterable[int]) -> View:
        chosen = list(rows)
        return cls(chosen, [keys[row] for row in chosen])

    @classmethod
    def without_comments(cls, keys: Sequence[str]) -> View:
        """Keep the lines that are not blank, comments or docstrings."""
        chosen = []
        quote = ""
        for row, key in enumerate(keys):
            if quote:
                quote = "" if quote in key else quote
                continue
            opened = _DOCSTRING.match(key)
            if opened is not None:
                quote = "" if opened[1] in key[opened.end() :] else opened[1]
            elif key and not _COMMENT.match(key):
                chosen.append(row)
        return cls.of(keys, chosen)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Return the positions of each key."""
        found: dict[str, list[int]] = {}
        for position, key in enumerate(self.keys):
            found.setdefault(key, []).append(position)
        return found

    def find(self, keys: list[str]) -> list[int]:
        """Return the positions at which all ``keys`` follow each other."""
        if not keys or any(key not in self.places for key in keys):
            return []
        rarest = min(range(len(keys)), key=lambda number: len(self.places[keys[number]]))
        starts = (position - rarest for position in self.places[keys[rarest]])
        return [start for start in starts if start >= 0 and self.keys[start : start + len(keys)] == keys]


@dataclass(frozen=True)
class Source:
    """Text of a file: ``bodies`` of lines and their ``ends``; rows from 0."""

    bom: str
    bodies: list[str] = field(repr=False)
    ends: list[str] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Source:
        bom = BOM if text.startswith(BOM) else ""
        pieces = text[len(bom) :].split("\n")
        last = pieces.pop()
        ends = ["\r\n" if piece.endswith("\r") else "\n" for piece in pieces]
        bodies = [piece.removesuffix("\r") for piece in pieces]
        if last:
            bodies.append(last)
            ends.append("")
        return cls(bom, bodies, ends)

    @property
    def text(self) -> str:
        return self.bom + "".join(body + end for body, end in zip(self.bodies, self.ends, strict=True))

    @cached_property
    def newline(self) -> str:
        """Return the line end most lines have."""
        return max(Counter(end for end in self.ends if end).items(), key=lambda item: item[1], default=("\n", 0))[0]

    @cached_property
    def folded(self) -> list[str]:
        return [fold(body) for body in self.bodies]

    @cached_property
    def keys(self) -> list[str]:
        """Return each line without look-alikes and without blanks at either end."""
        return [line.strip() for line in self.folded]

    @cached_property
    def solid(self) -> View:
        """Return its lines that are not blank."""
        return View.of(self.keys, (row for row, key in enumerate(self.keys) if key))

    @cached_property
    def code(self) -> View:
        """Return its lines that are neither blank nor comment."""
        return View.without_comments(self.keys)

    @cached_property
    def squeezed(self) -> tuple[str, list[int]]:
        """Join all lines without blanks; return their offsets and the end too."""
        pieces = [squeeze(key) for key in self.solid.keys]
        return "".join(pieces), list(accumulate((len(piece) for piece in pieces), initial=0))

    def past_docstring(self, row: int) -> int:
        """Return the row behind the docstring at ``row``, itself if there is none."""
        first = next((number for number in range(row, len(self.keys)) if self.keys[number]), row)
        opened = _DOCSTRING.match(self.keys[first]) if first < len(self.keys) else None
        if opened is None:
            return row
        if opened[1] in self.keys[first][opened.end() :]:
            return first + 1
        closed = (number for number in range(first + 1, len(self.keys)) if opened[1] in self.keys[number])
        return next(closed, len(self.keys) - 1) + 1

    @cached_property
    def joined(self) -> str:
        """Return all lines with plain newlines between, to search fragments in."""
        return "\n".join(self.bodies)

    def replace_rows(self, changes: list[tuple[int, int, list[str]]], end_newline: bool | None = None) -> Source:
        """Return a copy with rows replaced.

        ``changes`` are (start, stop, lines) in row order. A kept line keeps its own end. The file keeps its newline at
        the end, or its lack of one, unless ``end_newline`` says otherwise.
        """
        bodies: list[str] = []
        ends: list[str] = []
        at = 0
        for start, stop, lines in changes:
            bodies += self.bodies[at:start] + lines
            ends += self.ends[at:start] + self._ends_for(start, stop, lines)
            at = stop
        bodies += self.bodies[at:]
        ends += self.ends[at:]
        ended = bool(self.ends[-1]) if self.ends else True
        if end_newline is not None:
            ended = end_newline
        ends = [end or self.newline for end in ends]
        if ends and not ended:
            ends[-1] = ""
        return Source(self.bom, bodies, ends)

    def _ends_for(self, start: int, stop: int, lines: list[str]) -> list[str]:
        if set(self.ends[start:stop]) <= {self.newline}:
            return [self.newline] * len(lines)
        old = self.bodies[start:stop]
        ends = []
        after = 0
        for line in lines:
            try:
                position = old.index(line, after)
            except ValueError:
                ends.append(self.newline)
                continue
            ends.append(self.ends[start + position])
            after = position + 1
        return ends
