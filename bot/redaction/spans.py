"""Stretches of a text, and text that is looked at without some of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """A secret: where it begins, where it ends, what kind it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class View:
    """A text without some stretches, which knows where its rest stood."""

    text: str
    starts: tuple[int, ...]
    origins: tuple[int, ...]

    def locate(self, span: Span) -> Span:
        """Return where a span of this view stands in the whole text."""
        return Span(self._origin(span.start), self._origin(span.end - 1) + 1, span.kind)

    def spans_cut(self, span: Span) -> tuple[int, ...]:
        """Return the places within a span where something was cut out."""
        first = bisect_right(self.starts, span.start)
        return self.starts[first : bisect_right(self.starts, span.end - 1)]

    def _origin(self, place: int) -> int:
        piece = bisect_right(self.starts, place) - 1
        return self.origins[piece] + place - self.starts[piece]


def cut(text: str, stretches: Iterable[tuple[int, int]]) -> View:
    """Make the view of a text without sorted, disjoint stretches."""
    pieces: list[str] = []
    starts = [0]
    origins = [0]
    length = at = 0
    for start, end in stretches:
        pieces.append(text[at:start])
        length += start - at
        at = end
        if starts[-1] == length:
            origins[-1] = end
        else:
            starts.append(length)
            origins.append(end)
    pieces.append(text[at:])
    return View("".join(pieces), tuple(starts), tuple(origins))


def merge(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield spans in order; what overlaps becomes one of the first's kind."""
    last: Span | None = None
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if last is not None and span.start < last.end:
            last = last._replace(end=max(last.end, span.end))
        else:
            if last is not None:
                yield last
            last = span
    if last is not None:
        yield last


def replace(text: str, spans: Iterable[Span]) -> str:
    """Replace each span of a text by its kind in brackets."""
    parts: list[str] = []
    at = 0
    for span in merge(spans):
        parts += [text[at : span.start], f"[{span.kind} removed]"]
        at = span.end
    return "".join([*parts, text[at:]])
