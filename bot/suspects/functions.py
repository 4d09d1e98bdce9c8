"""Find the lines of the function that a frame stands in."""

from __future__ import annotations

from bot.context.languages import language_of
from bot.context.outline import read_outline
from bot.suspects.places import Place

_AROUND = 15
_LONGEST = 400


def find_function(text: str, place: Place) -> tuple[int, int]:
    """Return the lines of the function round a place, or those near it."""
    count = text.count("\n") + 1
    line = place.line
    language = language_of(place.path)
    if language is not None:
        around = [one for one in read_outline(text, language) if one.start <= line <= one.end and one.kind != "class"]
        if place.function and not any(one.name == place.function for one in around):
            # The file has moved on since: the function is looked for by its name.
            named = [one for one in read_outline(text, language) if one.name == place.function]
            around = named if len(named) == 1 else around
        if around:
            inner = min(around, key=lambda one: one.end - one.start)
            return inner.start, min(inner.end, inner.start + _LONGEST)
    return max(1, line - _AROUND), min(count, line + _AROUND)
